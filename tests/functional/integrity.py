"""Runs inside: says which installed files are not what their wheels brought. Standard library, Python 3.8 and later."""

import base64
import csv
import hashlib
import pathlib
import sys

checked, faults = 0, []
for record in sorted(pathlib.Path(sys.argv[1]).glob("*.dist-info/RECORD")):
    for name, digest, _ in csv.reader(record.read_text().splitlines()):
        if not digest:
            continue
        checked += 1
        kind, wanted = digest.split("=", 1)
        path = record.parent.parent / name
        try:
            found = hashlib.new(kind, path.read_bytes()).digest()
        except OSError as error:
            faults.append(f"{path}: {error.strerror}")
            continue
        if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != wanted:
            faults.append(f"{path}: altered")
sys.stdout.write("\n".join([*faults, f"{checked} files checked\n"]))
