"""What is tried, and what may be there."""

import ctypes
import platform

ME = 10001
OUTSIDE = [
    ("1.1.1.1", 53), ("8.8.8.8", 443), ("169.254.169.254", 80), ("172.17.0.1", 22), ("172.17.0.1", 2375),
    ("172.17.0.2", 8888), ("172.18.0.1", 80), ("10.0.0.1", 80), ("192.168.0.1", 80), ("100.64.0.1", 80),
    ("2606:4700:4700::1111", 53), ("fd00::1", 80),
]
ENGINES = [
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
    "/run/crio/crio.sock", "/run/rr/hub/hub.sock", "/run/rr/portal/portal.sock", "/run/systemd/private",
    "/run/dbus/system_bus_socket",
]
OUR_SOCKETS = {"/run/rr/door/door.sock", "/run/rr/w/s.sock"}
FAMILIES = {1, 2, 10, 16}  # unix, inet, inet6 (there is only loopback), netlink (for the list of interfaces)
DEVICES = {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"}
WRITABLE = {"/home/researcher", "/project", "/tmp", "/dev/shm", "/dev/mqueue", "/run/rr/w"}
SOCKET_FOLDERS = {"/run/rr/w"}  # of those, what is the host's own folder, with its options
BRIDGED = False  # whether it has an interface, behind which nothing may answer
HOST_ADDRESSES, HOST_PORTS = [], []  # of this machine; on one of the ports the canary itself listens
NOT_HERE = set()  # walls that this container has no use for
SECRETS = ("SECRET", "PASSWORD", "PASSWD", "TOKEN", "CREDENTIAL", "PRIVATE", "APIKEY", "API_KEY")
ALLOWED_SECRETS = {"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"}
# name: (number on x86_64, number on aarch64); None where the machine has no such call
CALLS = {
    "ptrace": (101, 117), "syslog": (103, 116), "personality": (135, 92), "ustat": (136, None), "sysfs": (139, None),
    "vhangup": (153, 58), "pivot_root": (155, 41), "acct": (163, 89), "settimeofday": (164, 170), "mount": (165, 40),
    "umount2": (166, 39), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "init_module": (175, 105), "delete_module": (176, 106), "quotactl": (179, 60), "lookup_dcookie": (212, 18),
    "clock_settime": (227, 112), "mbind": (237, 235), "set_mempolicy": (238, 237), "get_mempolicy": (239, 236),
    "mq_open": (240, 180), "kexec_load": (246, 104), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "migrate_pages": (256, 238), "unshare": (272, 97), "move_pages": (279, 239),
    "perf_event_open": (298, 241), "fanotify_init": (300, 262), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "clock_adjtime": (305, 266), "setns": (308, 268),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "finit_module": (313, 273),
    "memfd_create": (319, 279), "kexec_file_load": (320, 294), "bpf": (321, 280), "userfaultfd": (323, 282),
    "pkey_alloc": (330, 289), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440), "mount_setattr": (442, 442), "quotactl_fd": (443, 443),
    "memfd_secret": (447, 447), "process_mrelease": (448, 448), "cachestat": (451, 451), "statmount": (457, 457),
    "listmount": (458, 458), "setuid": (105, 146), "setgid": (106, 144), "setgroups": (116, 159),
    "setresuid": (117, 147), "capset": (126, 91), "chroot": (161, 51), "mknod": (133, None), "mknodat": (259, 33),
    "nfsservctl": (180, 42), "modify_ldt": (154, None), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "io_setup": (206, 0), "vmsplice": (278, 75), "tee": (276, 77), "splice": (275, 76), "mseal": (462, 462),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "open_tree_attr": (467, 467), "setxattrat": (463, 463),
    "lsm_set_self_attr": (460, 460), "map_shadow_stack": (453, 453), "set_mempolicy_home_node": (450, 450),
}
CALLS_OF_FAVOUR = ({"mlockall": 151, "ioprio_set": 251}, {"mlockall": 230, "ioprio_set": 30})
TELLING = [  # of the machine, its kernel or the neighbours
    "/proc/buddyinfo", "/proc/cmdline", "/proc/config.gz", "/proc/crypto", "/proc/diskstats", "/proc/interrupts",
    "/proc/iomem", "/proc/kallsyms", "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/kmsg", "/proc/kpageflags",
    "/proc/locks", "/proc/modules", "/proc/mtrr", "/proc/partitions", "/proc/pressure/cpu", "/proc/pressure/io",
    "/proc/pressure/memory", "/proc/sched_debug", "/proc/slabinfo", "/proc/softirqs", "/proc/swaps", "/proc/timer_list",
    "/proc/vmallocinfo", "/proc/vmstat", "/proc/zoneinfo", "/dev/kmsg", "/dev/mem", "/sys/kernel/vmcoreinfo",
    "/sys/firmware/dmi/tables/DMI", "/sys/class/dmi/id/product_uuid", "/sys/power/state",
]
NAMESPACES = {"mount": 0x00020000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000,
              "pid": 0x20000000, "net": 0x40000000}
LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
