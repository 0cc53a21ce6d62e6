"""Fills the file system at /volume until SIGTERM.

    disk.py MOST_BYTES    (a larger file system is not filled: it is not the volume's own)
"""

import errno
import os
import signal
import sys

FILLER = "/volume/.stackspec-full"


def fill(file):
    # Whole pages: that is what a file system in memory is made of.
    for length in (1 << 20, 4096):
        try:
            while True:
                os.write(file, bytes(length))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


stats = os.statvfs("/volume")
if stats.f_blocks * stats.f_frsize > int(sys.argv[1]):
    sys.exit(f"its file system has {stats.f_blocks * stats.f_frsize} bytes")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
try:
    fill(os.open(FILLER, os.O_WRONLY | os.O_CREAT))
    print("ready", flush=True)
    signal.pause()
finally:
    os.unlink(FILLER)
