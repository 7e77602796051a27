#!/usr/bin/busybox sh
# PID 1 of the guest: runs the job that lies on the third disk, and ends the machine.
/usr/bin/busybox mkdir -p /run/bin
/usr/bin/busybox --install -s /run/bin
export PATH=/run/bin:/test/bin HOME=/tmp LD_LIBRARY_PATH=/test/lib
mount -t efivarfs efivarfs /sys/firmware/efi/efivars 2>/dev/null
mount -t erofs -o ro /dev/vdb /test || poweroff -f
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
tr -d '\0' </dev/vdc >/tmp/job
. /tmp/job
step booted cat /run/booted
cd /
umount /etc /var
mount -o remount,ro /sysroot
exec 3>&-
poweroff -f
