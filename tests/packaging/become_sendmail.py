#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""become-sendmail beside a package that owns /usr/sbin/sendmail: a real dpkg in a root of
its own installs, upgrades and removes that package while brevdue has its names."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

script = pathlib.Path(sys.argv[1]) / "packaging/become-sendmail"
if os.geteuid() != 0:
    print("dpkg --root needs root")
    sys.exit(77)
if not shutil.which("dpkg-deb"):
    print("dpkg-deb is not installed")
    sys.exit(77)


def run(*args, **env):
    return subprocess.run(args, env=dict(os.environ, **env), check=True, text=True,
                          capture_output=True).stdout


def package(work, version):
    tree = work / f"mta-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: some-mta\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: nobody <nobody@example.com>\nDescription: owns sendmail\n")
    for directory in ("usr/sbin", "usr/bin"):
        (tree / directory).mkdir(parents=True)
    (tree / "usr/sbin/sendmail").write_text(f"mta {version}")
    (tree / "usr/bin/mailq").symlink_to("../sbin/sendmail")
    deb = work / f"mta-{version}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb))
    return str(deb)


def make_root(work):
    root = work / "root"
    for directory in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "usr/libexec/brevdue",
                      "usr/sbin", "usr/bin", "usr/lib"):
        (root / directory).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    for program in ("sendmail", "mailq", "newaliases"):
        (root / "usr/libexec/brevdue" / program).write_text("brevdue")
        (root / "usr/libexec/brevdue" / program).chmod(0o755)
    return root


def main():
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        root = make_root(work)
        sendmail = root / "usr/sbin/sendmail"
        dpkg = ["dpkg", "--root", str(root), "--force-script-chrootless"]
        run(*dpkg, "-i", package(work, "1"))
        assert sendmail.read_text() == "mta 1"

        for _ in range(2):  # twice: the second changes nothing
            run(str(script), "install", ROOT=str(root))
        assert os.readlink(sendmail) == "/usr/libexec/brevdue/sendmail"
        assert os.readlink(root / "usr/bin/mailq") == "/usr/libexec/brevdue/mailq"
        assert (root / "usr/sbin/sendmail.without-brevdue").read_text() == "mta 1"
        assert os.readlink(root / "usr/bin/newaliases") == "/usr/libexec/brevdue/newaliases"

        run(*dpkg, "-i", package(work, "2"))
        assert os.readlink(sendmail) == "/usr/libexec/brevdue/sendmail", "an upgrade took it"
        assert (root / "usr/sbin/sendmail.without-brevdue").read_text() == "mta 2"
        assert "not brevdue" not in run(str(script), "status", ROOT=str(root))

        run(str(script), "remove", ROOT=str(root))
        assert sendmail.read_text() == "mta 2"
        assert os.readlink(root / "usr/bin/mailq") == "../sbin/sendmail"
        assert not os.path.lexists(root / "usr/bin/newaliases")
        assert not os.path.lexists(root / "usr/lib/sendmail")
        left = [p for p in root.rglob("*brevdue*") if "libexec" not in str(p)]
        assert not left, left
        assert run("dpkg-divert", "--root", str(root), "--list").strip() == ""

        # Without any package that owns the name, and a package that comes afterwards.
        run(*dpkg, "--purge", "some-mta")
        run(str(script), "install", ROOT=str(root))
        run(*dpkg, "-i", package(work, "3"))
        assert os.readlink(sendmail) == "/usr/libexec/brevdue/sendmail"
        run(str(script), "remove", ROOT=str(root))
        assert sendmail.read_text() == "mta 3"
    print("install, upgrade, remove: the other package's files are as it left them")


main()
