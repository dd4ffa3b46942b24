// SPDX-License-Identifier: Apache-2.0

package behaviour

import "strings"

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
)

var sensitivityNames = [...]string{
	"ordinary", "shell", "transfer tool", "executed from a volatile place", "credentials", "persistence", "intrusion", "removal of traces",
}

// String returns what people read.
func (s Sensitivity) String() string {
	if int(s) >= len(sensitivityNames) {
		return "unknown"
	}
	return sensitivityNames[s]
}

// ParseSensitivity returns the kind of a name, and false if there is none.
func ParseSensitivity(name string) (Sensitivity, bool) {
	for kind := range sensitivityNames {
		if sensitivityNames[kind] == name {
			return Sensitivity(kind), true
		}
	}
	return Ordinary, false
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
	volatilePlaces = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/proc/", "memfd:"}
)

// Sensitive returns the kind of sensitivity of an event. It looks at exact names, so generalisation can't hide anything from it.
func (e *Event) Sensitive() Sensitivity {
	switch e.Action {
	case Exec:
		return sensitiveExec(e.Path)
	case Read:
		if named(e.Path, credentialNames, credentialFolders) {
			return Credentials
		}
		if base := lastName(e.Path); strings.Contains(base, ".so") && volatile(e.Path, base) {
			return Volatile
		}
	case Write, Create, Rename, Link, Attribute:
		return sensitiveChange(e.Path, e.Target)
	case Delete:
		if base := lastName(e.Path); traceNames[base] || strings.HasSuffix(base, ".log") {
			return Traces
		}
	case Privilege, Injection, Mount:
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
	if named(path, persistenceNames, persistenceFolders) || target != "" && named(target, persistenceNames, persistenceFolders) {
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
