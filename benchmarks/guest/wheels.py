"""Print each file of an installed wheel that is missing or differs from the wheel's RECORD. Runs in the image."""

import base64
import csv
import hashlib
import pathlib
import sys

for prefix in sys.argv[1:]:
    records = list(pathlib.Path(prefix).glob("lib/python3*/site-packages/*.dist-info/RECORD"))
    if not records:
        sys.exit(f"{prefix} contains no wheels")
    for record in records:
        for name, digest, _size in csv.reader(record.read_text("utf-8").splitlines()):
            algorithm, _, expected = digest.partition("=")
            if not expected:
                continue
            path = record.parent.parent / name
            actual = hashlib.new(algorithm, path.read_bytes()).digest() if path.is_file() else b""
            if base64.urlsafe_b64encode(actual).rstrip(b"=").decode() != expected:
                print(path)
