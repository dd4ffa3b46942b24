# SPDX-License-Identifier: Apache-2.0
"""Writes a text in capitals, in a process of its own."""
import multiprocessing
import sys


def work(text):
    with open(f"/data/results/{text}.txt", "w") as f:
        f.write(text.upper())


if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        pool.map(work, [sys.argv[1]])
