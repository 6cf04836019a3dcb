# shellcheck shell=bash
# Sourced after say.sh: programs of another Debian suite, unpacked into a folder of their own. apt checks the
# archive's signature; this system's package sources and its own packages stay as they are.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirror this system uses for Debian, so that a company's own is used here too.
# shellcheck disable=SC2016 # apt, not the shell, fills in these names
mirror() {
  local line
  while read -r line; do
    case $line in
      Debian\ *) echo "${line#Debian }" && return ;;
    esac
  done < <(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null)
  echo http://deb.debian.org/debian
}

# unpack SUITE FOLDER PACKAGE... : fetch the packages, none of what they depend on, and unpack them into FOLDER.
unpack() {
  local suite=$1 folder=$2 own deb
  shift 2
  have apt-get || stop 3 "the tests need these of Debian $suite, and there is no apt-get to fetch them: $*" \
    "hint: run the tests on Debian or Ubuntu."
  [ -e $keyring ] || scripts/packages.sh "checking the signature of Debian's archive" debian-archive-keyring
  say "fetching from Debian $suite, into ${folder#"$PWD/"}: $*"
  own=$folder/apt
  rm -rf "$folder"
  mkdir -p "$own"/{lists,archives}/partial "$own/deb"
  : >"$own/status"
  echo "deb [signed-by=$keyring] $(mirror) $suite main" >"$own/sources.list"
  local apt=(apt-get -qq -o Dir::Etc::SourceList="$own/sources.list" -o Dir::Etc::SourceParts=-
    -o Dir::State::Lists="$own/lists" -o Dir::State::status="$own/status" -o Dir::Cache="$own"
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  "${apt[@]}" update >&2
  (cd "$own/deb" && "${apt[@]}" download "$@" >&2)
  for deb in "$own"/deb/*.deb; do dpkg -x "$deb" "$folder"; done
  rm -rf "$own"
}

have() { command -v "$1" >/dev/null; }
