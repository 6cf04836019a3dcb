"""Compare installed files with the digests of their wheels. Runs in the container: standard library, Python 3.8+."""

import base64
import csv
import hashlib
import pathlib
import sys

checked, problems = 0, []
for record in sorted(pathlib.Path(sys.argv[1]).glob("*.dist-info/RECORD")):
    for name, digest, _ in csv.reader(record.read_text().splitlines()):
        if not digest:
            continue
        checked += 1
        algorithm, expected = digest.split("=", 1)
        path = record.parent.parent / name
        try:
            actual = hashlib.new(algorithm, path.read_bytes()).digest()
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
            continue
        if base64.urlsafe_b64encode(actual).rstrip(b"=").decode() != expected:
            problems.append(f"{path}: altered")
sys.stdout.write("\n".join([*problems, f"{checked} files checked\n"]))
