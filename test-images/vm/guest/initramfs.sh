#!/bin/busybox sh
# Mounts the deployment that the kernel command line names, as bootc's initramfs does: the root is the composefs image,
# and every file of it has its fs-verity digest verified when it is opened. A failure ends the machine at once.
/bin/busybox --install -s /bin
export PATH=/bin
fail() { echo "initramfs: $*"; poweroff -f; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
echo -1 >/proc/sys/kernel/panic
for module in /modules/*.ko; do insmod "$module" || fail "no $module"; done
for word in $(cat /proc/cmdline); do
  case $word in
    composefs=*) id=${word#composefs=} && id=${id#\?} ;;
  esac
done
while [ ! -b /dev/vda2 ]; do sleep 0.05; done
mount -t ext4 /dev/vda2 /sysroot || fail 'no sysroot'
mount -t erofs -o ro,loop "/sysroot/composefs/images/$id" /image || fail "no image $id"
mount -t overlay -o ro,metacopy=on,redirect_dir=on,verity=require,lowerdir=/image::/sysroot/composefs/objects \
  "composefs:$id" /root || fail 'no root'
mount -t tmpfs tmpfs /root/run
mount -t tmpfs tmpfs /root/tmp
mount --move /sysroot /root/sysroot
mount --bind "/root/sysroot/state/deploy/$id/etc" /root/etc || fail "no state directory $id"
mount --bind /root/sysroot/state/os/default/var /root/var || fail 'no var'
mount -o remount,bind,ro /root/sysroot
mount --move /dev /root/dev
mount --move /sys /root/sys
mount --move /proc /root/proc
echo "$id" >/root/run/booted
exec switch_root /root /usr/sbin/init
