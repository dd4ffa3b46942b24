// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// keyring is what Debian's archive is signed with.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// errArchive is the cause when something can't be had from the archive.
var errArchive = errors.New("what is needed of Debian's archive can't be had (set up apt and the network, or run it once where they are)")

// archive downloads packages from the suites that kernels come from. It has lists and a state of its
// own, so that the host's apt never sees these suites and can't take anything from them.
type archive struct {
	folder string
	listed bool
}

func newArchive(folder string) *archive { return &archive{folder: folder} }

// configuration is what differs from the host's: proxies and the like stay as they are. Suites that
// are not supported any more have lists that are no longer renewed. What apt makes of the lists is kept,
// which images of containers switch off: it takes longer than to download them.
const configuration = `Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "%[1]s/state";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
`

// list makes the lists of the suites, once.
func (a *archive) list(ctx context.Context) error {
	if a.listed {
		return nil
	}
	ordinary, security, err := mirrors(ctx)
	if err != nil {
		return err
	}
	files := map[string]string{
		"apt.conf": fmt.Sprintf(configuration, a.folder), "status": "", "sources.list": sources(ordinary, security),
	}
	for _, folder := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.folder, folder), 0o755); err != nil {
			return fmt.Errorf("make the folders of apt: %w", err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(a.folder, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("configure apt: %w", err)
		}
	}
	fmt.Println("Reading the lists of Debian's suites")
	if _, err := output(a.command(ctx, "apt-get", "-qq", "update")); err != nil {
		return fmt.Errorf("%w: %w", errArchive, err)
	}
	a.listed = true
	return nil
}

// mirrors asks the host's apt where it takes Debian from, in general and for security updates.
func mirrors(ctx context.Context) (ordinary, security string, err error) {
	targets, err := output(exec.CommandContext(ctx, "apt-get", "indextargets",
		"--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages", "Component: main"))
	if err != nil {
		return "", "", fmt.Errorf("%w: ask for its sources: %w", errArchive, err)
	}
	ordinary, security = chooseMirrors(targets)
	if ordinary == "" {
		return "", "", fmt.Errorf("%w: apt's sources don't have Debian", errArchive)
	}
	return ordinary, security, nil
}

func chooseMirrors(targets string) (ordinary, security string) {
	for line := range strings.Lines(targets) {
		uri, release, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case !strings.Contains(uri, "debian"):
		case strings.HasSuffix(release, "-security"):
			security = uri
		case ordinary == "":
			ordinary = uri
		}
	}
	return ordinary, security
}

// sources is apt's list for the suites of all machines.
func sources(ordinary, security string) string {
	lines := map[string]bool{}
	add := func(uri, suite string) {
		lines[fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, uri, suite)] = true
	}
	add(ordinary, toolSuite)
	for _, m := range machines() {
		add(ordinary, m.suite)
		// The suite that is being made has no security updates of its own.
		if security != "" && m.suite != "sid" {
			add(security, m.suite+"-security")
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(lines)), "")
}

// names returns the packages that match, newest first, as unpack takes them.
func (a *archive) names(ctx context.Context, pattern, architecture string) ([]string, error) {
	if err := a.list(ctx); err != nil {
		return nil, err
	}
	all, err := output(a.command(ctx, "apt-cache", "pkgnames", "linux-"))
	if err != nil {
		return nil, err
	}
	var names []string
	expression := expressionOf(pattern)
	for name := range strings.FieldsSeq(all) {
		if expression.MatchString(name) {
			names = append(names, name)
		}
	}
	sortNewestFirst(names)
	for i := range names {
		names[i] += ":" + architecture
	}
	return names, nil
}

// expressionOf matches whole names of packages.
func expressionOf(pattern string) *regexp.Regexp { return regexp.MustCompile("^(" + pattern + ")$") }

var number = regexp.MustCompile(`\d+`)

// sortNewestFirst sorts by the numbers in the names. Of two packages with one kernel the unsigned one
// comes first: it is what the other is made of, and there earlier.
func sortNewestFirst(names []string) {
	numbers := func(name string) (all []int) {
		for _, digits := range number.FindAllString(name, -1) {
			n, _ := strconv.Atoi(digits)
			all = append(all, n)
		}
		return all
	}
	slices.SortFunc(names, func(a, b string) int {
		if order := slices.Compare(numbers(b), numbers(a)); order != 0 {
			return order
		}
		return len(b) - len(a)
	})
}

// unpack downloads packages and unpacks them into a new folder, which the caller removes.
func (a *archive) unpack(ctx context.Context, names ...string) (folder string, err error) {
	if err := a.list(ctx); err != nil {
		return "", err
	}
	downloads, err := os.MkdirTemp(a.folder, "download-")
	if err != nil {
		return "", fmt.Errorf("download %s: %w", names, err)
	}
	defer os.RemoveAll(downloads)
	command := a.command(ctx, "apt-get", append([]string{"-qq", "download"}, names...)...)
	command.Dir = downloads
	if _, err := output(command); err != nil {
		return "", fmt.Errorf("%w: download %s: %w", errArchive, names, err)
	}
	packages, err := filepath.Glob(filepath.Join(downloads, "*.deb"))
	if err != nil || len(packages) != len(names) {
		return "", fmt.Errorf("download %s: %d files came", names, len(packages))
	}
	folder, err = os.MkdirTemp(a.folder, "unpacked-")
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w", names, err)
	}
	for _, name := range packages {
		if _, err := output(exec.CommandContext(ctx, "dpkg", "-x", name, folder)); err != nil {
			return "", errors.Join(fmt.Errorf("unpack %s: %w", name, err), os.RemoveAll(folder))
		}
	}
	return folder, nil
}

// command runs a program of apt with the configuration of its own.
func (a *archive) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	return exec.CommandContext(ctx, program, append([]string{"-c", filepath.Join(a.folder, "apt.conf")}, arguments...)...)
}

// output runs a command and returns what it printed; if it fails, its complaints are in the error.
func output(command *exec.Cmd) (string, error) {
	printed, err := command.Output()
	if exit, exited := errors.AsType[*exec.ExitError](err); exited {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(command.Path), err, strings.TrimSpace(string(exit.Stderr)))
	}
	return string(printed), err
}
