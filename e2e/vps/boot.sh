#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Redial authors
# SPDX-License-Identifier: Apache-2.0

# A Debian machine as a provider hands it out: boot.sh DIR, where DIR has resolv.conf,
# web.pem (believed like any authority) and root/ (put into /root). Its programs and
# packages are this machine's own, read-only below a layer in memory; its systemd is the
# first process of a namespace. Everything is gone when that process ends.
#
#   unshare --pid --mount --uts --ipc --cgroup --fork --kill-child boot.sh DIR
set -euo pipefail
given=$1
# Only a control group of its own keeps this systemd's services apart from those of
# others; the caller has made it, and the namespace begins there.
base=$given/machine
root=$base/root
mkdir -p "$base"
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$root"
mount -t tmpfs -o mode=755 tmpfs "$root" # what is not mounted below is empty
cd "$root"

# What Debian's packages brought, and nothing else of this machine.
for dir in usr etc var/lib/dpkg var/lib/apt; do
  mkdir -p "$base/layers/$dir/"{up,work} "$dir"
  mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$base/layers/$dir/up,workdir=$base/layers/$dir/work" "$dir"
done
for link in bin sbin lib lib64; do [ -L "/$link" ] && cp -a "/$link" .; done
mkdir -p dev proc sys run tmp root home var/{cache/apt/archives/partial,log/journal,tmp,lib/systemd,lib/apt/lists/partial} usr/local old
rmdir var/log/journal # the journal stays in memory
ln -s ../run var/run
chmod 1777 tmp var/tmp
mount -t tmpfs tmpfs usr/local
cp -a "$given/root/." root/
# Nothing that was installed or set for this machine runs there.
rm -rf etc/systemd/system/* etc/rc?.d etc/redial etc/hosts
printf '127.0.0.1 localhost\n::1 localhost\n' >etc/hosts
printf 'vps\n' >etc/hostname
rm -f etc/machine-id etc/resolv.conf
touch etc/machine-id # systemd makes one
cp "$given/resolv.conf" etc/resolv.conf
cat "$given/web.pem" >>etc/ssl/certs/ca-certificates.crt

# Whatever would look after real hardware, consoles or log-ins.
for unit in getty.target systemd-logind.service dbus.service dbus.socket systemd-udevd.service systemd-udev-trigger.service systemd-sysctl.service \
  systemd-modules-load.service systemd-random-seed.service systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-user-sessions.service \
  modprobe@.service sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount \
  sys-fs-fuse-connections.mount remote-fs.target proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-firstboot.service systemd-sysusers.service; do
  ln -s /dev/null "etc/systemd/system/$unit"
done

mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

pivot_root . old
umount -l /old
rmdir /old
exec env -i container=redial PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --unit=multi-user.target --log-target=journal --show-status=0
