#!/usr/bin/env python3
"""Compares the file trees of two saved images: compare_images.py ONE.tar OTHER.tar

Both are archives as `docker save` and `tscompose image save` write them. Nothing of ours reads them here. Prints what
differs in kind, mode, owner, link target, device, extended attributes, hard links or content (by digest), a path a line;
times are not compared. Exits with 1 when anything does.

Of test/fixtures/debian-stack, built by Docker and by us, these differ, as between any two builds: apt's and ldconfig's caches and
the logs of apt and dpkg, which hold times; the certificate of ssl-cert, which is made by chance; and of PostgreSQL's new cluster
its identity (pg_control, the first WAL segment) and statistics.
"""
import hashlib
import io
import json
import subprocess
import sys
import tarfile


def layers(archive):
    outer = tarfile.open(archive)
    manifest = json.load(outer.extractfile("manifest.json"))[0]
    for name in manifest["Layers"]:
        data = outer.extractfile(name).read()
        if data[:4] == b"\x28\xb5\x2f\xfd":
            data = subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
        yield tarfile.open(fileobj=io.BytesIO(data), mode="r:*")


def tree(archive):
    """Path to what is there, layers merged (OCI image-spec, layer.md)."""
    found = {}

    def remove(path, itself):
        for each in [each for each in found if each.startswith(path + "/") or (itself and each == path)]:
            del found[each]

    for layer in layers(archive):
        added = {}
        hidden = []
        for entry in layer:
            path = entry.name.removeprefix("./").strip("/")
            directory, _, name = path.rpartition("/")
            if path in ("", "."):
                continue
            if name == ".wh..wh..opq":
                hidden.append((directory, False))
            elif name.startswith(".wh."):
                hidden.append((f"{directory}/{name[4:]}".strip("/"), True))
            else:
                added[path] = describe(layer, entry, path, added)
        for path, itself in hidden:
            remove(path, itself)
        for path, what in added.items():
            if found.get(path, {}).get("kind") == "dir" and what["kind"] != "dir":
                remove(path, False)
            found[path] = what
    for path, what in found.items():
        if "names" in what:
            found[path] = {**what, "names": sorted(what["names"])}
    return found


def describe(layer, entry, path, added):
    if entry.islnk():
        target = entry.linkname.removeprefix("./").strip("/")
        if target in added:
            names = {target, path, *added[target].get("names", ())}
            what = {**added[target], "names": names}
            # Which of them an archive has first says nothing.
            for name in names:
                added[name] = what
            return what
        return {"kind": "hard link", "target": target}
    kinds = {tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "symlink", tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block"}
    kind = "file" if entry.isreg() else "fifo" if entry.isfifo() else kinds[entry.type]
    prefix = "SCHILY.xattr."
    what = {"kind": kind, "mode": oct(entry.mode), "owner": f"{entry.uid}:{entry.gid}"}
    what["attributes"] = {key[len(prefix):]: value for key, value in entry.pax_headers.items() if key.startswith(prefix)}
    if kind == "symlink":
        what["target"] = entry.linkname
        del what["mode"]
    if kind in ("char", "block"):
        what["device"] = f"{entry.devmajor}:{entry.devminor}"
    if kind == "file":
        what["content"] = f"{entry.size} {hashlib.sha256(layer.extractfile(entry).read()).hexdigest()[:12]}"
    return what


def main(one, other):
    left, right = tree(one), tree(other)
    differences = 0
    for path in sorted(left.keys() | right.keys()):
        a, b = left.get(path), right.get(path)
        if a == b:
            continue
        differences += 1
        if a is None or b is None:
            print(f"{path}: only in the {'second' if a is None else 'first'}: {a or b}")
        else:
            keys = [key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]
            print(f"{path}: " + "; ".join(f"{key} {a.get(key)} → {b.get(key)}" for key in keys))
    print(f"{len(left)} and {len(right)} entries, {differences} differ")
    return 1 if differences else 0


if len(sys.argv) != 3:
    sys.exit(__doc__)
sys.exit(main(*sys.argv[1:]))
