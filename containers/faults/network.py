"""Makes the network of the container fail whose network namespace it runs in, until SIGTERM.

    network.py cut
    network.py slow LATENCY_MS BANDWIDTH_KBPS    (0: as it is)
    network.py inside cut                        (or slow: where published ports lead to the container's address from within)

All packets but those of the loopback interface, or, inside, of loopback addresses, pass a queue of the kernel, which lets them
through when nobody reads it: the fault cannot outlive this process. Why not `tc`: its netem is missing in many kernels.
"""

import heapq
import itertools
import select
import signal
import struct
import subprocess
import sys
import time

from netfilterqueue import COPY_PACKET, NetfilterQueue

# What is marked so has passed the queue, and is rejected.
MARK = "0x57ac"
# Of a packet: what tells its length.
HEAD_BYTES = 40
WAITING_PACKETS = 65536
ORDER = itertools.count()
RST = "-p tcp --tcp-flags RST RST"


OUTSIDE = (("INPUT", "! -i lo"), ("OUTPUT", "! -o lo"))
# Of a connection to itself both directions come in: who has begun it tells them apart.
INSIDE = tuple(("INPUT", f"-i lo ! -s 127.0.0.0/8 -m conntrack --ctdir {way}") for way in ("ORIGINAL", "REPLY"))


def rules(word, queues, inside):
    """Arguments of iptables: table, chain, rule."""
    for (chain, outside), queue in zip(OUTSIDE + INSIDE if inside else OUTSIDE, 2 * list(queues)):
        queued = f"{outside} -j NFQUEUE --queue-num {queue} --queue-bypass"
        if word == "slow":
            # Before the table in which a cut rejects: what waits here is not through yet.
            yield "mangle", chain, queued
            continue
        yield "filter", chain, f"{outside} {RST} -j ACCEPT"
        yield "filter", chain, f"{outside} -p tcp -m mark --mark {MARK} -j REJECT --reject-with tcp-reset"
        yield "filter", chain, f"{outside} -m mark --mark {MARK} -j DROP"
        yield "filter", chain, queued


def reset_connections():
    """Those of others learn of it by their next packet at the latest; where the kernel can, at once."""
    outside = "not src 127.0.0.0/8 and not src [::1]"
    subprocess.run(["ss", "-K", "-tnH", *outside.split()], check=False, stdout=subprocess.DEVNULL)


def iptables(action, all_rules):
    for table, chain, rule in all_rules:
        words = ["-t", table, action, chain, *rule.split()]
        subprocess.run(["iptables", "-w", *words], check=True)
        # A kernel without IPv6 has nothing to fail there.
        subprocess.run(["ip6tables", "-w", *words], check=False, stderr=subprocess.DEVNULL)


def length_of(packet):
    head = packet.get_payload()
    return struct.unpack_from("!H", head, 4)[0] + 40 if head[0] >> 4 == 6 else struct.unpack_from("!H", head, 2)[0]


def mark(packet):
    packet.set_mark(int(MARK, 16))
    packet.repeat()


class Line:
    """One direction of a slow line: a packet is through when those before it are, and then some time later."""

    def __init__(self, latency_ms, bandwidth_kbps, held):
        self.latency, self.bytes_per_second, self.held = latency_ms / 1000, bandwidth_kbps * 125, held
        self.free_at = 0.0

    def take(self, packet):
        self.free_at = max(self.free_at, time.monotonic())
        if self.bytes_per_second > 0:
            self.free_at += length_of(packet) / self.bytes_per_second
        packet.retain()
        heapq.heappush(self.held, (self.free_at + self.latency, next(ORDER), packet))


def run(word, *numbers, inside=False):
    held = []
    if word == "cut":
        queues = {1: mark, 2: mark}
    else:
        latency_ms, bandwidth_kbps = map(float, numbers)
        # Latency on the way out alone: a round trip takes so much longer.
        queues = {3: Line(0, bandwidth_kbps, held).take, 4: Line(latency_ms, bandwidth_kbps, held).take}
    readers = []
    for number, take in queues.items():
        reader = NetfilterQueue()
        reader.bind(number, take, max_len=WAITING_PACKETS, mode=COPY_PACKET, range=HEAD_BYTES, sock_len=1 << 22)
        readers.append(reader)
    all_rules = list(rules(word, queues, inside))
    try:
        iptables("-I", reversed(all_rules))
        if word == "cut":
            reset_connections()
        print("ready", flush=True)
        pump(readers, held)
    finally:
        iptables("-D", all_rules)
        while held:
            heapq.heappop(held)[2].accept()


def pump(readers, held):
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        ready = select.select([reader.get_fd() for reader in readers], [], [], wait)[0]
        for reader in readers:
            if reader.get_fd() in ready:
                reader.run(block=False)
        while held and held[0][0] <= time.monotonic():
            heapq.heappop(held)[2].accept()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
is_inside = sys.argv[1] == "inside"
run(*sys.argv[1 + is_inside :], inside=is_inside)
