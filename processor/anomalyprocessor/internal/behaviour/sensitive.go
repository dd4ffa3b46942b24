// SPDX-License-Identifier: Apache-2.0

package behaviour

import (
	"slices"
	"strings"
)

// Sensitivity is why something deserves a look however ordinary the moment is, above all while a new version is rolled out: then
// much is new, but hardly anything of this.
type Sensitivity uint8

// Kinds of sensitivity.
const (
	Ordinary    Sensitivity = iota
	Shell                   // a shell or a client of remote shells is executed
	Transfer                // a tool that fetches or sends files is executed
	Volatile                // something is executed, or loaded as a library, from a place that everybody can write to, or that is hidden
	Credentials             // keys, passwords and tokens
	Persistence             // what is started by itself later, and what is loaded into other programs
	Intrusion               // privileges, other processes' memory, file systems, kernel code
	Traces                  // logs and histories are removed
	Tunnel                  // data is sent in names that are looked up; no single event tells
)

var sensitivityNames = [...]string{
	"ordinary", "shell", "transfer tool", "executed from a volatile place", "credentials", "persistence", "intrusion", "removal of traces", "data in names",
}

// String returns what people read.
func (s Sensitivity) String() string {
	if int(s) >= len(sensitivityNames) {
		return "unknown"
	}
	return sensitivityNames[s]
}

// ParseSensitivity returns the sensitivity of a name, and false if there is none.
func ParseSensitivity(name string) (Sensitivity, bool) {
	at := slices.Index(sensitivityNames[:], name)
	if at < 0 {
		return Ordinary, false
	}
	return Sensitivity(at), true
}

// The lists are of whole names, so that an attacker's look-alike is not among them and is merely new.
var (
	shellNames = map[string]bool{
		"sh": true, "bash": true, "dash": true, "ash": true, "zsh": true, "ksh": true, "csh": true, "tcsh": true, "fish": true,
		"nc": true, "ncat": true, "netcat": true, "nc.openbsd": true, "nc.traditional": true, "socat": true, "telnet": true, "script": true,
	}
	transferNames = map[string]bool{
		"curl": true, "wget": true, "scp": true, "sftp": true, "ftp": true, "tftp": true, "rsync": true, "ssh": true, "rclone": true,
	}
	credentialNames = map[string]bool{
		"shadow": true, "gshadow": true, "sudoers": true, "id_rsa": true, "id_ed25519": true, "id_ecdsa": true, "id_dsa": true,
		".git-credentials": true, ".netrc": true, ".pgpass": true, ".my.cnf": true, ".npmrc": true, ".pypirc": true, ".vault-token": true,
		"token": true, "credentials": true, "kubeconfig": true, "environ": true, "mem": true, "kcore": true, "keytab": true, ".htpasswd": true,
	}
	credentialFolders = map[string]bool{
		".aws": true, ".azure": true, ".gnupg": true, ".kube": true, ".docker": true, "secrets": true, "gcloud": true, "private": true,
	}
	persistenceNames = map[string]bool{
		".bashrc": true, ".bash_profile": true, ".profile": true, ".zshrc": true, "authorized_keys": true, "ld.so.preload": true,
		"rc.local": true, "crontab": true, "passwd": true, "core_pattern": true, "modprobe": true,
	}
	persistenceFolders = map[string]bool{
		".ssh": true, "systemd": true, "init.d": true, "profile.d": true, "autostart": true, "ld.so.conf.d": true, "crontabs": true,
		"cron": true, "cron.d": true, "cron.daily": true, "cron.hourly": true, "cron.weekly": true, "cron.monthly": true,
		"pam.d": true, "sudoers.d": true, "udev": true,
	}
	traceNames     = map[string]bool{".bash_history": true, ".zsh_history": true, "wtmp": true, "btmp": true, "lastlog": true, "utmp": true}
	volatilePlaces = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/proc/", "/memfd:", "memfd:"}
)

// Sensitive returns the kind of sensitivity of an event. It looks at exact names, so generalisation can't hide anything from it.
func (e *Event) Sensitive() Sensitivity {
	switch e.Action {
	case Exec:
		if e.byRuntime() {
			return Ordinary
		}
		return sensitiveExec(e.Path)
	case Read:
		if named(e.Path, credentialNames, credentialFolders) {
			return Credentials
		}
		if base := lastName(e.Path); strings.Contains(base, ".so") && volatile(e.Path, base) {
			return Volatile
		}
	case Attribute:
		if sensitive := sensitiveChange(e.Path, e.Target); sensitive != Ordinary {
			return sensitive
		}
		// Who changes the mode of a hidden file is about to execute it.
		if base := lastName(e.Path); strings.HasPrefix(base, ".") {
			return Volatile
		}
	case Write, Create, Rename, Link:
		return sensitiveChange(e.Path, e.Target)
	case Delete:
		if base := lastName(e.Path); traceNames[base] || strings.HasSuffix(base, ".log") {
			return Traces
		}
	case Privilege, Injection, Mount, Socket:
		return Intrusion
	}
	return Ordinary
}

func sensitiveExec(path string) Sensitivity {
	base := lastName(path)
	switch {
	case volatile(path, base):
		return Volatile
	case shellNames[base]:
		return Shell
	case transferNames[base]:
		return Transfer
	}
	return Ordinary
}

// runtimeCopy is what runc executes in each container before the program of the container: a copy of itself in memory, out of reach.
const runtimeCopy = "/memfd:runc_cloned:/proc/self/exe"

// byRuntime tells whether an Exec is that of the runtime itself. Whoever takes the name has to do with the argument.
func (e *Event) byRuntime() bool {
	return e.Path == runtimeCopy && len(e.Arguments) == 2 && e.Arguments[1] == "init"
}

// runtimes are programs that prepare a container within its cgroup, or join it.
var runtimes = map[string]bool{"runc": true, "crun": true, "youki": true, "runsc": true, "containerd-shim-runc-v2": true, "conmon": true}

// Runtime tells whether a program is a container's runtime, by its name, or a copy of it in memory.
func Runtime(executable string) bool {
	return runtimes[lastName(executable)] || strings.HasPrefix(executable, "/memfd:runc_cloned")
}

// Tempting tells whether it is worth a look if somebody only tries to execute a program: a shell, a transfer tool, or something in a volatile
// place. Of other programs it says little: shells look for them in one folder after the other.
func Tempting(path string) bool { return sensitiveExec(path) != Ordinary }

// volatile tells whether a path is hidden, or where everybody can write to.
func volatile(path, base string) bool {
	if strings.HasPrefix(base, ".") {
		return true
	}
	for _, place := range volatilePlaces {
		if strings.HasPrefix(path, place) {
			return true
		}
	}
	return false
}

func sensitiveChange(path, target string) Sensitivity {
	folders := persistenceFolders
	if strings.HasPrefix(path, "/sys/") || strings.HasPrefix(path, "/proc/") {
		folders = nil // nothing there outlives the machine; cgroups have folders of these names
	}
	if named(path, persistenceNames, folders) || target != "" && named(target, persistenceNames, persistenceFolders) {
		return Persistence
	}
	if named(path, credentialNames, credentialFolders) {
		return Credentials
	}
	return Ordinary
}

// named tells whether the last name of a path is among names, or any of its folders among folders.
func named(path string, names, folders map[string]bool) bool {
	if names[lastName(path)] {
		return true
	}
	for {
		folder, rest, more := strings.Cut(path, "/")
		if !more {
			return false
		}
		if folders[folder] {
			return true
		}
		path = rest
	}
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
