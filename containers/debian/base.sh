#!/bin/sh
# Writes the root filesystem of a small Debian, as a tar, to stdout. Everything else goes to stderr.
#
#   base.sh MIRROR SUITE | docker import - stackspec/debian:SUITE
#
# MIRROR is a plain-HTTP Debian mirror: inside an image build the host's certificate authorities are unknown.
set -eu

fail() {
  echo "base.sh: $1" >&2
  exit 1
}

[ $# -eq 2 ] || fail 'expected two arguments: MIRROR SUITE'
mirror=$1
suite=$2
case $mirror in
  http://?*) ;;
  *) fail "expected a mirror that starts with http://, got '$mirror'" ;;
esac
command -v mmdebstrap >/dev/null || fail 'mmdebstrap is missing; install it with: apt-get install mmdebstrap'
[ "$(id -u)" -eq 0 ] || fail 'must run as root, since the files of the tar belong to root'
[ ! -t 1 ] || fail 'stdout is a terminal; pipe it to: docker import - NAME'

# mmdebstrap writes these options into the image as well (/etc/apt/apt.conf.d, /etc/dpkg/dpkg.cfg.d), so that an
# `apt-get install` in a Dockerfile leaves as little behind as this run does. Why each:
# - the release file of a development suite may be past its validity on a mirror that is a snapshot;
# - a build is thrown away when the machine fails, so nothing has to be synced to disk.
#
# The hook adds what mmdebstrap itself cannot work with: apt keeps neither downloaded packages nor its caches.
lean='APT::Keep-Downloaded-Packages "false"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";'

exec mmdebstrap --mode=root --variant=minbase --format=tar \
  --aptopt='Acquire::Check-Valid-Until "false"' \
  --aptopt='Acquire::Languages "none"' \
  --aptopt='Acquire::Retries "3"' \
  --aptopt='APT::Install-Recommends "false"' \
  --aptopt='APT::Install-Suggests "false"' \
  --dpkgopt='force-unsafe-io' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/lintian/*' \
  --customize-hook='rm "$1"/var/cache/apt/*.bin' \
  --customize-hook="echo '$lean' > \"\$1/etc/apt/apt.conf.d/99lean\"" \
  "$suite" - "deb $mirror $suite main"
