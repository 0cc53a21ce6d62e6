#!/usr/bin/env bash
# Runs a command against an engine of its own, beside this machine's, which is there for as long as the command runs:
# `engine.sh podman npm start`. All are from Debian sid; root, and mmdebstrap, which is installed where it is missing.
#   docker-containerd, docker-overlay2   Docker, by where it keeps images
#   podman, podman-rootless              Podman, by whose it is
#   docker-remote                        Docker at another address, by TCP with TLS, without a file of this machine
# Each has process, mount and network namespaces of its own. The command runs in its network namespace, that of the remote one in
# another, connected to it; no way leads from there to any other network. The substitutes for official images that
# this machine's engine has, and the image of faults, are loaded when it starts, or, of these, $ENGINE_IMAGES: "node|mysql". When this is killed, the engine
# is too. What stays is sid's packages, in /var/lib/stackspec-engines, for the next time; `engine.sh --clean` removes them.
# Exit code: the command's, or 1 where the engine does not start, with why in the last line.
set -euo pipefail
kind=${1:-}; shift || true
case $kind in
  --clean) rm -rf /var/lib/stackspec-engines; exit 0 ;;
  docker-containerd) daemon=(dockerd --feature containerd-snapshotter=true) ;;
  docker-overlay2) daemon=(dockerd --storage-driver overlay2) ;;
  docker-remote) daemon=(dockerd --storage-driver overlay2 --tlsverify) ;;
  podman | podman-rootless) daemon=(podman --cgroup-manager=cgroupfs system service --time=0) ;;
  *) echo "expected docker-containerd, docker-overlay2, docker-remote, podman or podman-rootless, got \"$kind\"" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd); top=$(cd "$here/../.." && pwd)
state=/var/lib/stackspec-engines; root=$state/sid; run=$state/$kind; socket=$run/socket/engine.sock
ADDRESS=10.202.0.2; USER_ID=1000

main() {
  if [[ ${1:-} == --boot ]]; then boot; return; fi
  mkdir -p "$state"
  exec 9> "$state/$kind.lock"
  flock -n 9 || { echo "another run has $kind" >&2; exit 1; }
  [[ -e $state/sid.done ]] || bootstrap
  trap stop EXIT
  start; load_images; environment
  # Of its own: bash acts on a signal only when what runs in the foreground has ended.
  setpriv --pdeathsig TERM nsenter -t "$(<"$run/client")" -n -- "$@" <&0 9>&- & command=$!
  trap 'kill -TERM $command 2>/dev/null' INT TERM
  local status=0
  while kill -0 $command 2>/dev/null; do status=0; wait $command || status=$?; done
  exit $status
}

bootstrap() {
  command -v mmdebstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends mmdebstrap >/dev/null; }
  local mirror; mirror=$(grep -hs ^URIs /etc/apt/sources.list.d/*.sources | head -1 | awk '{print $2}')
  rm -rf "$root"
  mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --include=docker.io,containerd,runc,iptables,iproute2,ca-certificates,podman,conmon,netavark,aardvark-dns,passt,uidmap,procps \
    sid "$root" "deb ${mirror:-http://deb.debian.org/debian} sid main"
  configure
  touch "$state/sid.done"
}

configure() {
  # runc and iptables: crun wants cgroup v2, netavark's default nftables. Limits: those of a container without CAP_SYS_RESOURCE.
  mkdir -p "$root/etc/containers/registries.conf.d"
  printf '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n[engine]\nruntime = "runc"\n[network]\nfirewall_driver = "iptables"\n' \
    > "$root/etc/containers/containers.conf"
  echo "rootless:x:$USER_ID:$USER_ID::/var/lib/rootless:/bin/sh" >> "$root/etc/passwd"
  echo "rootless:x:$USER_ID:" >> "$root/etc/group"
  echo 'rootless:100000:65536' | tee "$root/etc/subuid" > "$root/etc/subgid"
  # As Docker has it by itself.
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' 127.0.0.1 localhost > "$root/etc/containers/registries.conf.d/loopback.conf"
}

is_up() { [[ -s $run/pid ]] && kill -0 "$(<"$run/pid")" 2>/dev/null; }

start() {
  # What a run that was killed has left: its processes ended with it.
  rm -rf "$run"; mkdir -p "$run"/{mnt,upper,work,data,socket,certs}
  [[ $kind != docker-remote ]] || make_certificates
  setsid setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child \
    bash "$here/engine.sh" "$kind" --boot > "$run/log" 2>&1 < /dev/null 9>&- &
  echo $! | tee "$run/pid" > "$run/client"
  [[ $kind != docker-remote ]] || connect_client
  for _ in $(seq 150); do ! answers || return 0; is_up || break; sleep 0.2; done
  echo "$kind does not answer: $(grep -v '^$' "$run/log" | tail -1)" >&2; exit 1
}

answers() (environment; nsenter -t "$(<"$run/client")" -n -- timeout 5 docker version >/dev/null 2>&1)

# In the engine's namespaces, of which this is the first process: it waits for what has lost its parent.
boot() {
  mount --make-rprivate /
  mount -t overlay overlay -o "lowerdir=$root,upperdir=$run/upper,workdir=$run/work" "$run/mnt"; cd "$run/mnt"
  mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev; mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
  # Engines are looked for here too.
  [[ $kind == docker-* ]] || ln -s "$socket" run/docker.sock
  # Layers of images cannot be on such layers.
  mkdir -p before data; mount --bind "$run/data" data; data=/data
  if [[ $kind != docker-remote ]]; then
    # The same paths inside: what containers mount, the socket, which a reaper mounts, and volumes.
    data=$run/data
    for path in "$top" /tmp "$run/socket" "$data"; do mkdir -p ".$path"; mount --rbind "$path" ".$path"; done
  else mkdir -p etc/certs; mount --bind "$run/certs" etc/certs; fi
  ip link set lo up
  # Not chroot: what the engine executes in a container enters that container's mount namespace at its root.
  pivot_root . before; cd /; umount -l /before
  case $kind in
    docker-remote) daemon+=(--data-root "$data" --tlscacert /etc/certs/ca.pem --tlscert /etc/certs/server.pem --tlskey /etc/certs/server-key.pem
      --insecure-registry "${ADDRESS%.*}.0/24" -H "tcp://$ADDRESS:2376" -H unix:///run/docker.sock); for _ in $(seq 50); do ! ip addr show dev engine up 2>/dev/null | grep -q "$ADDRESS" || break; sleep 0.1; done ;;
    docker-*) daemon+=(--data-root "$data" -H "unix://$socket" -H unix:///run/docker.sock) ;;
    podman) daemon=(podman --root "$data" "${daemon[@]:1}" "unix://$socket") ;;
    podman-rootless)
      chown "$USER_ID:$USER_ID" "$data" "${socket%/*}"; mkdir -p /run/user/$USER_ID /var/lib/rootless; chown $USER_ID:$USER_ID /run/user/$USER_ID /var/lib/rootless
      mount -t tmpfs tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200
      daemon=(setpriv --reuid=$USER_ID --regid=$USER_ID --clear-groups env HOME=/var/lib/rootless XDG_RUNTIME_DIR=/run/user/$USER_ID
        podman --root "$data" "${daemon[@]:1}" "unix://$socket") ;;
  esac
  export PODMAN_IGNORE_CGROUPSV1_WARNING=1
  "${daemon[@]}" & local pid=$!
  trap 'kill $pid' TERM
  wait $pid || wait $pid
}

make_certificates() (
  cd "$run/certs"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ca -keyout ca-key.pem -out ca.pem 2>/dev/null
  for name in server client; do
    openssl req -newkey rsa:2048 -nodes -subj /CN=$name -keyout $name-key.pem -out $name.csr 2>/dev/null
    openssl x509 -req -days 30 -in $name.csr -CA ca.pem -CAkey ca-key.pem -out $name.pem -extfile <(echo "subjectAltName=IP:$ADDRESS") 2>/dev/null
  done
  cp client.pem cert.pem; cp client-key.pem key.pem
)

# The client's network namespace, and a cable between the two.
connect_client() {
  setsid setpriv --pdeathsig KILL unshare --net sleep infinity > /dev/null 2>&1 < /dev/null 9>&- & echo $! > "$run/client"
  until [[ $(readlink "/proc/$(<"$run/client")/ns/net") != $(readlink /proc/self/ns/net) && $(readlink "/proc/$(<"$run/pid")/ns/net") != $(readlink /proc/self/ns/net) ]]; do sleep 0.1; done
  in_client() { nsenter -t "$(<"$run/client")" -n -- "$@"; }
  in_engine() { nsenter -t "$(<"$run/pid")" -n -- "$@"; }
  in_client ip link set lo up
  in_client ip link add client type veth peer name engine netns "$(<"$run/pid")"
  in_client ip addr add 10.202.0.1/24 dev client; in_client ip link set client up
  in_engine ip addr add "$ADDRESS/24" dev engine; in_engine ip link set engine up
}

environment() {
  if [[ $kind != docker-remote ]]; then export DOCKER_HOST=unix://$socket
  else export DOCKER_HOST=tcp://$ADDRESS:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$run/certs; fi
}

load_images() {
  local names images
  names=${ENGINE_IMAGES-$(sed -nE 's/^ *"([^"/]*\/)?([^":]+):.*/\2/p' "$top/containers/debian/images.json" | paste -sd'|')|faults}
  images=$(docker images --format '{{.Repository}}:{{.Tag}}' | grep -E "^localhost/stackspec/($names):" || true)
  [[ -z $images ]] || docker save $images | (environment; nsenter -t "$(<"$run/client")" -n -- docker load > /dev/null)
}

stop() {
  local pid client; pid=$(cat "$run/pid" 2>/dev/null || true); client=$(cat "$run/client" 2>/dev/null || true)
  if is_up; then
    pkill -TERM -P "$pid" || true
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
    kill -9 "$pid" 2>/dev/null || true
  fi
  [[ $client == "$pid" ]] || kill "$client" 2>/dev/null || true
  # Its mounts are gone with its namespace.
  rm -rf "$run"
}

main "$@"
