#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
far_end.py DEVICE MODE_FILE: answers probes, frame by frame, as MODE_FILE says; the kernel of this
namespace has to be silent (nft netdev drop). MODE_FILE, read at each question: words out of
	silent			no answer
	late MS			the answer comes MS later
	twice			and once more
	half			every second question has none
	id seq payload source checksum type	icmp: that is wrong
	id question source port notanswer	dns: that is wrong
	servfail refused nxdomain		dns: that is the answer
	refused ack rstack			tcp: a RST; a SYN-ACK, a RST with the wrong number
	status N, garbage, split, close		http: the status; no HTTP; in two pieces; nothing
	sender target				arp: that is wrong
	hops target unsolicited			ndp: that is wrong
"""
import socket
import struct
import sys
import threading

MAC = bytes.fromhex("020000000101")
device, mode_file = sys.argv[1:]
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.bind((device, 0))
count = 0


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(to, kind, payload):
    return to + MAC + struct.pack("!H", kind) + payload


def ip_packet(question, protocol, payload, source, hops=64):
    """An answer to a parsed question, with the checksum of its payload filled in."""
    six, src, dst = question["six"], source, question["src"]
    at = {1: 2, 58: 2, 17: 6, 6: 16}[protocol]
    pseudo = src + dst + struct.pack("!II", len(payload), protocol) if protocol != 1 else b""
    if not six and protocol != 1:
        pseudo = src + dst + struct.pack("!HH", protocol, len(payload))
    value = checksum(pseudo + payload[:at] + b"\0\0" + payload[at + 2:])
    if "checksum" in question["mode"]:
        value ^= 0x5555
    payload = payload[:at] + struct.pack("!H", value) + payload[at + 2:]
    if six:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + src + dst + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, hops, protocol, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def other(address):
    return address[:-1] + bytes([address[-1] ^ 1])


def answer_icmp(q):
    data, mode = q["payload"], q["mode"]
    if len(data) < 8 or data[0] != (128 if q["six"] else 8):
        return []
    kind = 129 if q["six"] else 0
    number, seq = struct.unpack("!HH", data[4:8])
    body = data[8:]
    if "type" in mode:
        kind = data[0]
    if "id" in mode:
        number ^= 1
    if "seq" in mode:
        seq ^= 1
    if "payload" in mode:
        body = body[:-1] + bytes([body[-1] ^ 1])
    reply = struct.pack("!BBHHH", kind, 0, 0, number, seq) + body
    return [ip_packet(q, 58 if q["six"] else 1, reply, q["dst"])]


def answer_ndp(q):
    data, mode = q["payload"], q["mode"]
    target = data[8:24]
    if "target" in mode:
        target = other(target)
    flags = 0xA0 if "unsolicited" in mode else 0xE0
    reply = struct.pack("!BBHI", 136, 0, 0, flags << 24) + target + bytes([2, 1]) + MAC
    return [ip_packet(q, 58, reply, data[8:24], 64 if "hops" in mode else 255)]


def answer_udp(q):
    data, mode = q["payload"], q["mode"]
    sport, dport = struct.unpack("!HH", data[:4])
    dns = bytearray(data[8:])
    dns[2] |= 0x80
    if "id" in mode:
        dns[1] ^= 1
    if "question" in mode:
        dns[13] ^= 3
    if "notanswer" in mode:
        dns[2] &= 0x7F
    for word, rcode in (("servfail", 2), ("nxdomain", 3), ("refused", 5)):
        if word in mode:
            dns[3] = dns[3] & 0xF0 | rcode
    if "port" in mode:
        dport ^= 1
    source = other(q["dst"]) if "source" in mode else q["dst"]
    reply = struct.pack("!HHHH", dport, sport, 8 + len(dns), 0) + bytes(dns)
    return [ip_packet(q, 17, reply, source)]


def answer_tcp(q):
    data, mode = q["payload"], q["mode"]
    sport, dport, seq, ack = struct.unpack("!HHII", data[:12])
    flags, body = data[13], data[(data[12] >> 4) * 4:]

    def segment(flag, my_seq, number, text=b""):
        head = struct.pack("!HHIIBBHHH", dport, sport, my_seq & 0xFFFFFFFF, number & 0xFFFFFFFF,
                           0x50, flag, 8192, 0, 0)
        return ip_packet(q, 6, head + text, q["dst"])

    if flags & 4:
        return []
    if flags & 2:
        if "refused" in mode:
            return [segment(0x14, 0, seq + 1)]
        if "rstack" in mode:
            return [segment(0x14, 0, seq + 7)]
        return [segment(0x12, 1000, seq + (7 if "ack" in mode else 1))]
    if not body:
        return []
    if "close" in mode:
        return [segment(0x11, ack, seq + len(body))]
    status = mode[mode.index("status") + 1] if "status" in mode else "200"
    text = ("HTTP/1.1 %s Fine\r\nContent-Length: 0\r\n\r\n" % status).encode()
    if "garbage" in mode:
        text = b"SSH-2.0-OpenSSH\r\n"
    if b"Host: " not in body or b"Connection: close" not in body:
        text = b"HTTP/1.1 400 Bad\r\n\r\n"
    if "split" in mode:
        return [segment(0x18, ack, seq + len(body), text[:7]),
                segment(0x18, ack + 7, seq + len(body), text[7:])]
    return [segment(0x18, ack, seq + len(body), text)]


def answer_arp(data, mode):
    fixed, operation = data[:6], struct.unpack("!H", data[6:8])[0]
    if operation != 1:
        return None
    target, asker, asker_mac = data[24:28], data[14:18], data[8:14]
    if "sender" in mode:
        target = other(target)
    if "target" in mode:
        asker_mac = other(asker_mac)
    return fixed + struct.pack("!H", 2) + MAC + target + asker_mac + asker


def parse_ip(data, mode):
    if data[0] >> 4 == 6:
        q = {"six": True, "src": data[8:24], "dst": data[24:40], "protocol": data[6]}
        q["payload"] = data[40:40 + struct.unpack("!H", data[4:6])[0]]
    else:
        head = (data[0] & 15) * 4
        q = {"six": False, "src": data[12:16], "dst": data[16:20], "protocol": data[9]}
        q["payload"] = data[head:struct.unpack("!H", data[2:4])[0]]
    q["mode"] = mode
    return q


def answers(data, mode):
    """Whole frames."""
    asker, kind, payload = data[6:12], struct.unpack("!H", data[12:14])[0], data[14:]
    if kind == 0x0806:
        reply = answer_arp(payload, mode)
        return [frame(asker, kind, reply)] if reply else []
    if kind not in (0x0800, 0x86DD):
        return []
    q = parse_ip(payload, mode)
    if q["protocol"] == 58 and q["payload"][0] == 135:
        packets = answer_ndp(q)
    elif q["protocol"] in (1, 58):
        if "source" in mode:
            q["dst"] = other(q["dst"])
        packets = answer_icmp(q)
    elif q["protocol"] == 17:
        packets = answer_udp(q)
    elif q["protocol"] == 6:
        packets = answer_tcp(q)
    else:
        packets = []
    return [frame(asker, kind, p) for p in packets]


def send(frames):
    for f in frames:
        sock.send(f)


while True:
    try:
        received, address = sock.recvfrom(2048)
    except OSError:  # the device is gone
        sys.exit(0)
    if address[2] == socket.PACKET_OUTGOING:
        continue
    with open(mode_file, encoding="ascii") as f:
        words = f.read().split()
    if "silent" in words:
        continue
    frames = answers(received, words)
    if not frames:
        continue
    count += 1
    if "half" in words and count % 2:
        continue
    if "late" in words:
        threading.Timer(int(words[words.index("late") + 1]) / 1000, send, (frames,)).start()
        continue
    send(frames)
    if "twice" in words:
        send(frames)
