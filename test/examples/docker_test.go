// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const dockerFolder = "../../examples/docker/"

// composeService is what Compose's own parser makes of the one service.
type composeService struct {
	Image       string
	CapAdd      []string `json:"cap_add"`
	CapDrop     []string `json:"cap_drop"`
	ReadOnly    bool     `json:"read_only"`
	NetworkMode string   `json:"network_mode"`
	Pid         string
	Uts         string
	Cgroup      string
	MemLimit    string      `json:"mem_limit"`
	PidsLimit   json.Number `json:"pids_limit"`
	Logging     struct{ Options map[string]string }
	Volumes     []struct {
		Type, Source, Target string
		ReadOnly             bool `json:"read_only"`
		Bind                 struct{ Recursive string }
	}
}

// parseCompose has files of the example read together.
func parseCompose(t *testing.T, names ...string) composeService {
	t.Helper()
	arguments := []string{"tool", "-modfile=internal/tools/compose.mod", "github.com/compose-spec/compose-go/v2/cmd", "--format", "json"}
	for _, name := range names {
		arguments = append(arguments, "examples/docker/"+name)
	}
	command := exec.Command("go", arguments...)
	command.Dir = "../.."
	var complaints strings.Builder
	command.Stderr = &complaints
	printed, err := command.Output()
	require.NoError(t, err, complaints.String())
	assert.Empty(t, complaints.String(), "warnings of the parser")
	var project struct {
		Services map[string]composeService
	}
	require.NoError(t, json.Unmarshal(printed, &project))
	require.Contains(t, project.Services, "meerkat")
	return project.Services["meerkat"]
}

// asCommand is the service as options of docker run.
func (s composeService) asCommand() string {
	words := []string{"docker run --detach --name meerkat"}
	if s.ReadOnly {
		words = append(words, "--read-only")
	}
	words = append(words, "--network", s.NetworkMode, "--pid", s.Pid, "--uts", s.Uts, "--cgroupns", s.Cgroup)
	for _, name := range s.CapDrop {
		words = append(words, "--cap-drop", name)
	}
	for _, name := range s.CapAdd {
		words = append(words, "--cap-add", name)
	}
	words = append(words, "--memory", s.MemLimit, "--pids-limit", s.PidsLimit.String(),
		"--log-opt", "max-size="+s.Logging.Options["max-size"], "--log-opt", "max-file="+s.Logging.Options["max-file"])
	for _, volume := range s.Volumes {
		mount := "type=" + volume.Type + ",src=" + volume.Source + ",dst=" + volume.Target
		if volume.ReadOnly {
			mount += ",readonly"
		}
		if volume.Bind.Recursive == "disabled" {
			mount += ",bind-nonrecursive"
		}
		words = append(words, "--mount", mount)
	}
	return strings.Join(append(words, s.Image), " ")
}

// commandsBelow returns the commands of the first block below a heading of a page, each in one line.
func commandsBelow(t *testing.T, page, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	section := regexp.MustCompile("(?s)\n" + regexp.QuoteMeta(heading) + "\n.*?```console\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, section, "%s has no commands below %s", page, heading)
	joined := regexp.MustCompile(`\\\n\s*`).ReplaceAllString(strings.TrimSpace(string(section[1])), "")
	return strings.Split(joined, "\n")
}

// The Compose file, the command for Docker and the ones for containerd, which are run elsewhere, are about the same container.
func TestDocker_sameEverywhere(t *testing.T) {
	service := parseCompose(t, "compose.yaml")
	run := commandsBelow(t, dockerFolder+"README.md", "## Docker")
	assert.Equal(t, []string{service.asCommand()}, run)
	for _, volume := range service.Volumes {
		assert.True(t, volume.ReadOnly, volume.Target)
	}
	assert.Equal(t, []string{"ALL"}, service.CapDrop)

	// distribution/image runs those of the first page.
	firstPage := commandsBelow(t, "../../README.md", "## Container")
	assert.Equal(t, firstPage[1:], commandsBelow(t, dockerFolder+"README.md", "## containerd"))
	var granted []string
	for _, match := range regexp.MustCompile(`--cap-add CAP_(\S+)`).FindAllStringSubmatch(firstPage[2], -1) {
		granted = append(granted, match[1])
	}
	assert.Equal(t, service.CapAdd, granted)
}

// Where two capabilities are not enough, another stands in their place, and nothing else changes.
func TestDocker_sysAdmin(t *testing.T) {
	service, other := parseCompose(t, "compose.yaml"), parseCompose(t, "compose.yaml", "sys-admin.yaml")
	assert.Equal(t, []string{"SYS_ADMIN", "DAC_READ_SEARCH", "NET_ADMIN"}, other.CapAdd)
	other.CapAdd = service.CapAdd
	assert.Equal(t, service, other)
}
