# SPDX-License-Identifier: Apache-2.0
"""Acts like a miner for half a second: connects to a pool, computes hashes, and throws them away."""
import hashlib
import socket
import sys
import time

pool = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
pool.sendall(b'{"method": "login"}\n')
end, text = time.time() + 0.5, b"x"
while time.time() < end:
    text = hashlib.sha256(text).digest()
pool.close()
