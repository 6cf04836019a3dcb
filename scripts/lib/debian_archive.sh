# shellcheck shell=bash
# Sourced after common.sh: download programs from another Debian suite and unpack them into a separate folder.
# apt checks the archive's signature; this system's package sources and installed packages do not change.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Print the Debian mirror of this system's package sources, which may be a company mirror; ENVKIT_DEBIAN_MIRROR wins.
# shellcheck disable=SC2016 # apt, not the shell, fills in these names
mirror() {
  local line
  [ -z "${ENVKIT_DEBIAN_MIRROR:-}" ] || { echo "$ENVKIT_DEBIAN_MIRROR" && return; }
  while read -r line; do
    case $line in
      Debian\ *) echo "${line#Debian }" && return ;;
    esac
  done < <(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null)
  fail 3 "this system has no Debian package sources." "hint: export ENVKIT_DEBIAN_MIRROR=URL of a Debian mirror"
}

# unpack SUITE FOLDER PACKAGE... : download the packages without their dependencies and unpack them into FOLDER.
unpack() {
  local suite=$1 folder=$2 apt_dir deb
  shift 2
  has_command apt-get || fail 3 "the tests need packages of Debian $suite, and apt-get is not installed: $*" \
    "hint: run the tests on Debian or Ubuntu."
  [ -e $keyring ] || scripts/setup/packages.sh "checking the signature of Debian's archive" debian-archive-keyring
  info "downloading from Debian $suite into ${folder#"$PWD/"}: $*"
  apt_dir=$folder/apt
  rm -rf "$folder"
  mkdir -p "$apt_dir"/{lists,archives}/partial "$apt_dir/deb"
  : >"$apt_dir/status"
  echo "deb [signed-by=$keyring] $(mirror) $suite main" >"$apt_dir/sources.list"
  local apt=(apt-get -qq -o Dir::Etc::SourceList="$apt_dir/sources.list" -o Dir::Etc::SourceParts=-
    -o Dir::State::Lists="$apt_dir/lists" -o Dir::State::status="$apt_dir/status" -o Dir::Cache="$apt_dir"
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  "${apt[@]}" update >&2
  (cd "$apt_dir/deb" && "${apt[@]}" download "$@" >&2)
  for deb in "$apt_dir"/deb/*.deb; do dpkg -x "$deb" "$folder"; done
  rm -rf "$apt_dir"
}

