"""Rules for builds: pip, uv, apt, dpkg, and Docker's builder."""

from __future__ import annotations

from envkit.checks.log.rule import Rank, rule

PIP = (
    rule(
        "image/pip-python",
        "image",
        r"requires a different Python: |Requires-Python|requires Python ?[<>=]+ ?[0-9.]+|is not a supported wheel on "
        r"this "
        r"platform|No matching distribution found for tensorflow|satisfies the requirement tensorflow"
        r"|no wheels with a matching Python (?:version|ABI)|because the current Python version .{0,80}does not satisfy"
        r"|only has wheels for the following platform|has no (?:usable )?wheels",
        "there is no release of this package for this version of Python or this platform",
        "python --version and pip --version show it; use a Python that the release supports "
        "(docs/reference/catalog.md), "
        "and update pip: python -m pip install --upgrade pip",
    ),
    rule(
        "packages-incompatible",
        "image",
        r"ResolutionImpossible|No solution found when resolving|Cannot install .{0,400}because these package "
        r"versions have "
        r"conflicting dependencies|which is incompatible\.|pip's dependency resolver does not currently take into "
        r"account"
        r"|The conflict is caused by|we can conclude that .{0,200}(?:unsatisfiable|incompatible|cannot be used)"
        r"|your requirements are unsatisfiable",
        "the requested packages need different versions of another package",
        "the lines around it name both: relax the version of one, or leave the choice to pip; with envkit remove it "
        "from "
        "python: in envkit.yaml",
    ),
    rule(
        "image/externally-managed",
        "image",
        r"externally-managed-environment",
        "the distribution protects its own Python from pip (PEP 668)",
        "python3 -m venv .venv && .venv/bin/pip install PACKAGE",
    ),
    rule(
        "image/pip-hash",
        "network",
        r"THESE PACKAGES DO NOT MATCH THE HASHES|Hash mismatch for",
        "a downloaded package differs from its recorded hash: the download was damaged, a proxy changed it, or the "
        "lock is "
        "old",
        "pip cache purge, then repeat; if it stays, compare the index and update the hashes",
    ),
    rule(
        "index-login-required",
        "network",
        r"User for \S+: |403 +Forbidden \[IP|401 Unauthorized|401 Client Error|403 Client Error: Forbidden for url"
        r"|Status code:? 401|HTTP status client error \(40[13]",
        "the package index requires a login, and accepted none",
        "put the login into ~/.netrc or pip's keyring; with envkit set build.netrc in envkit.yaml",
    ),
    rule(
        "image/package-name",
        "image",
        r"Could not find a version that satisfies the requirement \S+|No matching distribution found for \S+"
        r"|was not found in the package registry|No local packages or working download links found|Could not find "
        r"suitable distribution",
        "the index has no such package or version: its name is misspelled, its Python is another one, or the index "
        "is not "
        "the right one",
        "pip index versions PACKAGE lists them; pip config list shows the index",
    ),
    rule(
        "image/compiler",
        "image",
        r"error: command '?\S*(?:gcc|g\+\+|cc|clang)\S*'? failed|unable to execute '?\S*gcc|Microsoft Visual C\+\+ "
        r"[0-9.]+ or"
        r"|fatal error: Python\.h: No such file|fatal error: \S+\.h: No such file|Could not find compiler|CMake must "
        r"be "
        r"installed|no acceptable C compiler found|linker `cc` not found|error: can't find Rust compiler"
        r"|(?:gcc|cc|make|cmake): (?:command )?not found",
        "pip builds a package from source, and a compiler or a header file is missing",
        "apt-get install build-essential python3-dev and the -dev package of the named header; or choose a version "
        "that has "
        "a wheel: pip install --only-binary :all: PACKAGE",
    ),
    rule(
        "image/pip-permission",
        "container",
        r"Could not install packages due to an OSError: \[Errno (?:13|30)\]|Defaulting to user installation because "
        r"normal "
        r"site-packages is not writeable|ERROR: .{0,60}\[Errno 13\] Permission denied: '/\S*(?:site|dist)-packages",
        "pip may not write to the environment's packages",
        "install at build time, in a virtual environment, or with pip install --user; with envkit add the package "
        "under "
        "python: in envkit.yaml",
    ),
    rule(
        "image/pip-build",
        "image",
        r"subprocess-exited-with-error|metadata-generation-failed|Failed building wheel for|Failed to build \S+"
        r"|python setup\.py egg_info did not run|Command errored out with exit status|use_2to3 is invalid"
        r"|No module named 'distutils'|No module named 'pkg_resources'|has no attribute 'ImpImporter'"
        r"|Cannot import 'setuptools\.build_meta'",
        "building a package from source failed; most often this version is older than the Python that builds it",
        "use a version with a wheel for this Python: pip install --only-binary :all: PACKAGE; the lines above show the "
        "build's own error",
        Rank.NOTICE,
    ),
)

APT = (
    rule(
        "image/apt-signature",
        "image",
        r"NO_PUBKEY [0-9A-F]+|EXPKEYSIG [0-9A-F]+|BADSIG [0-9A-F]+|the public key is not available|is not signed\."
        r"|The following signatures (?:couldn't be verified|were invalid)|Sub-process \S*(?:sqv|gpgv)\S* returned an "
        r"error"
        r"|At least one invalid signature was encountered|signatures? .{0,40}(?:expired|invalid)",
        "apt does not know, or no longer accepts, the key of a package source",
        "install the source's current key (NVIDIA: the package cuda-keyring; Debian: debian-archive-keyring), or "
        "remove "
        "the source from /etc/apt/sources.list.d; for At least one invalid signature also check free disk space",
    ),
    rule(
        "host/clock",
        "host",
        r"Release file for \S+ is not valid yet|certificate is not yet valid|not yet valid \(invalid for another"
        r"|certificate has expired or is not yet valid: current time|Clock skew detected",
        "the clock of this machine is wrong",
        "sudo timedatectl set-ntp true; date shows the time; for WSL: sudo hwclock -s",
    ),
    rule(
        "image/apt-release-gone",
        "image",
        r"does not have a Release file|no longer has a Release file|Release' does not have|404 +Not Found \[IP"
        r"|Release file for \S+ is expired|changed its '(?:Suite|Codename|Origin|Label)' value",
        "the package lists are old, or the distribution's release was moved to an archive",
        "apt-get update in the same RUN as apt-get install; for a release without support use archive.debian.org or "
        "old-releases.ubuntu.com, or a newer base image",
    ),
    rule(
        "host/apt",
        "image",
        r"The method driver \S+ could not be found|Unsupported file \S+ given on commandline|Conflicting values set "
        r"for option Signed-By|E: The list of sources could not be read|E: Malformed (?:entry"
        r"|line|"
        r"stanza)|E: Type '\S*' is not known on line",
        "apt cannot read its sources: an entry is malformed, or two name different keys",
        "sudo apt-get update names the file in /etc/apt/sources.list.d: correct or delete it",
    ),
    rule(
        "host/apt-locked",
        "host",
        r"Could not get lock /var/lib/(?:dpkg|apt)|Unable to acquire the dpkg frontend lock|Could not get lock "
        r"/var/cache/apt"
        r"|is held by process [0-9]+|Unable to lock (?:the administration )?directory /var/lib",
        "another program installs packages at the same time, or you are not root",
        "wait for unattended-upgrades or the other apt; use sudo; in a container run as root while the image is built",
    ),
    rule(
        "host/dpkg-interrupted",
        "host",
        r"dpkg was interrupted, you must manually run|Unmet dependencies\. Try|apt --fix-broken install"
        r"|The following packages have unmet dependencies|held broken packages|Sub-process /usr/bin/dpkg returned an "
        r"error"
        r"|trying to overwrite '[^']{1,200}', which is also in package",
        "packages conflict with each other, or an earlier installation did not finish",
        "sudo dpkg --configure -a && sudo apt-get --fix-broken install; remove packages of two driver or CUDA "
        "sources that "
        "conflict",
    ),
    rule(
        "apt-package-not-found",
        "image",
        r"Unable to locate package|has no installation candidate|Couldn't find any package by|"
        r"Version '\S+' for '\S+' was not found",
        "no package source has this package: its name is wrong, the lists are missing, or a source is not set up",
        "apt-get update first, in the same RUN; nvidia-container-toolkit needs NVIDIA's package source; with envkit "
        "correct "
        "apt: in envkit.yaml",
    ),
    rule(
        "image/apt-hash",
        "network",
        r"Hash Sum mismatch|File has unexpected size|Mirror sync in progress",
        "the mirror or a proxy delivered old or damaged package lists",
        "rm -rf /var/lib/apt/lists/* && apt-get update; use another mirror if it stays (build.mirror in envkit.yaml)",
    ),
)

BUILD = (
    rule(
        "image/dockerfile-copy",
        "image",
        r"COPY failed: |ADD failed: |failed to compute cache key: .{0,200}not found|failed to calculate checksum of ref"
        r"|forbidden path outside the build context|no such file or directory: failed to (?:walk|compute)",
        "the Dockerfile copies a file that is not in the build context, or that .dockerignore excludes",
        "name paths relative to the context, the last argument of docker build; check .dockerignore",
    ),
    rule(
        "image/dockerfile-syntax",
        "image",
        r"Dockerfile parse error|dockerfile parse error|unknown instruction: |failed to read dockerfile: open|unable "
        r"to "
        r"prepare context: unable to evaluate symlinks|failed to solve: failed to read dockerfile|invalid reference "
        r"format",
        "the Dockerfile is not found or has a line that the builder cannot parse, or an image name is invalid",
        "docker build -f FILE CONTEXT; names of images are in lower case, without spaces",
    ),
    rule(
        "image/build-step",
        "image",
        r"did not complete successfully: exit code: (?!137)[0-9]+|returned a non-zero code: (?!137)[0-9]+"
        r"|executor failed running",
        "a step of the build failed; its own message is in the lines before",
        "docker build --progress=plain --no-cache shows the whole output of the step",
        Rank.GENERAL,
    ),
)

PACKAGE_RULES = (*PIP, *APT, *BUILD)
