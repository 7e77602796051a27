# For a job in the guest: what its steps say goes to the host.
for port in /sys/class/virtio-ports/*; do
  [ "$(cat "$port/name")" = cfs.out ] && exec 3>"/dev/${port##*/}"
done
# One command: its name, its exit code, the lengths of what it printed, and what it printed.
step() {
  name=$1
  shift
  "$@" >/tmp/out 2>/tmp/err
  code=$?
  printf '@@ %s %d %d %d\n' "$name" "$code" "$(stat -c %s /tmp/out)" "$(stat -c %s /tmp/err)" >&3
  cat /tmp/out /tmp/err >&3
}
# Every file of the root is read; a byte that is not as it was sealed is an error.
readable() { find / -xdev -type f -exec cat {} + >/dev/null; }
