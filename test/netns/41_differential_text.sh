#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The differential test with the emitted files, loaded by nft and ip, instead of --apply.
export OMR_LAB_LOAD=text OMR_DIFF_POLICIES=${OMR_DIFF_POLICIES:-4} OMR_DIFF_SEED=${OMR_DIFF_SEED:-501}
exec bash "$(dirname "$0")/40_differential.sh"
