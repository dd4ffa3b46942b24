// SPDX-License-Identifier: Apache-2.0

package container

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	id1 = "3f2a9d6c1b7e4850a9c3d2e1f0b8a7968574635241302f1e0d9c8b7a69584736"
	id2 = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
	// uid as the API has it, and as slices of systemd have it.
	uid           = "8dc1ad0a-8d6f-4c5d-9e3b-2f7a6b5c4d3e"
	uidUnderlined = "8dc1ad0a_8d6f_4c5d_9e3b_2f7a6b5c4d3e"
	// staticUID is that of a pod that the kubelet started from a file.
	staticUID = "4b52d75cab61380f07c0c5a69fb371d4"
)

// runtimesWith pretends that containerd runs these containers, each namespace/id.
func finderWith(t testing.TB, containers ...string) *Finder {
	t.Helper()
	state := t.TempDir()
	for _, container := range containers {
		require.NoError(t, os.MkdirAll(filepath.Join(state, containerdTasks, container), 0o700))
	}
	return NewFinder(Settings{Containerd: []string{state}})
}

func containerOf(f *Finder, path string) Container {
	c, _ := f.Locate(path)
	return c
}

type containerCase struct {
	path string
	want Container
}

func TestLocate_dockerAndPodman(t *testing.T) {
	docker, podman := Container{ID: id1, Runtime: "docker"}, Container{ID: id1, Runtime: "podman"}
	for name, c := range map[string]containerCase{
		"docker, cgroupfs":                {"/docker/" + id1, docker},
		"docker, systemd":                 {"/system.slice/docker-" + id1 + ".scope", docker},
		"docker, systemd in it":           {"/system.slice/docker-" + id1 + ".scope/init.scope", docker},
		"docker, service in it":           {"/docker/" + id1 + "/system.slice/nginx.service", docker},
		"docker, rootless":                {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + id1 + ".scope", docker},
		"docker, parent of one's own":     {"/batch/" + id1, Container{ID: id1}},
		"docker's own service":            {"/system.slice/docker.service", Container{}},
		"podman, systemd":                 {"/machine.slice/libpod-" + id1 + ".scope", podman},
		"podman, systemd, crun's child":   {"/machine.slice/libpod-" + id1 + ".scope/container", podman},
		"podman, cgroupfs":                {"/libpod_parent/libpod-" + id1, podman},
		"podman, rootless":                {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id1 + ".scope/container", podman},
		"podman, in a pod":                {"/machine.slice/machine-libpod_pod_" + id2 + ".slice/libpod-" + id1 + ".scope", podman},
		"podman, pod on cgroupfs":         {"/libpod_parent/" + id2 + "/libpod-" + id1, podman},
		"podman, quadlet (split cgroups)": {"/system.slice/web.service/libpod-payload-" + id1, podman},
		"podman, monitor":                 {"/machine.slice/libpod-conmon-" + id1 + ".scope", Container{}},
		"podman, monitor on cgroupfs":     {"/libpod_parent/conmon", Container{}},
		"podman, quadlet's monitor":       {"/system.slice/web.service/runtime", Container{}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, containerOf(NewFinder(Settings{}), c.path)) })
	}
}

func TestLocate_kubernetes(t *testing.T) {
	containerd := Container{ID: id1, Runtime: "containerd", PodUID: uid}
	unsaid := Container{ID: id1, PodUID: uid}
	crio := Container{ID: id1, Runtime: "cri-o", PodUID: uid}
	docker := Container{ID: id1, Runtime: "docker", PodUID: uid}
	slice := "/kubepods.slice/kubepods-pod" + uidUnderlined + ".slice"
	burstable := "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uidUnderlined + ".slice"
	bestEffort := "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUnderlined + ".slice"
	for name, c := range map[string]containerCase{
		"containerd, cgroupfs, guaranteed":  {"/kubepods/pod" + uid + "/" + id1, unsaid},
		"containerd, cgroupfs, burstable":   {"/kubepods/burstable/pod" + uid + "/" + id1, unsaid},
		"containerd, cgroupfs, best effort": {"/kubepods/besteffort/pod" + uid + "/" + id1, unsaid},
		"containerd, systemd, guaranteed":   {slice + "/cri-containerd-" + id1 + ".scope", containerd},
		"containerd, systemd, burstable":    {burstable + "/cri-containerd-" + id1 + ".scope", containerd},
		"containerd, systemd, best effort":  {bestEffort + "/cri-containerd-" + id1 + ".scope", containerd},
		"containerd, systemd in it":         {burstable + "/cri-containerd-" + id1 + ".scope/init.scope", containerd},
		"containerd, static pod, cgroupfs":  {"/kubepods/burstable/pod" + staticUID + "/" + id1, Container{ID: id1, PodUID: staticUID}},
		"containerd, static pod, systemd":   {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + staticUID + ".slice/cri-containerd-" + id1 + ".scope", Container{ID: id1, Runtime: "containerd", PodUID: staticUID}},
		"CRI-O, systemd, guaranteed":        {slice + "/crio-" + id1 + ".scope", crio},
		"CRI-O, systemd, burstable":         {burstable + "/crio-" + id1 + ".scope", crio},
		"CRI-O, systemd, best effort":       {bestEffort + "/crio-" + id1 + ".scope", crio},
		"CRI-O, systemd, crun's child":      {burstable + "/crio-" + id1 + ".scope/container", crio},
		"CRI-O, cgroupfs":                   {"/kubepods/burstable/pod" + uid + "/crio-" + id1, crio},
		"CRI-O, monitor":                    {burstable + "/crio-conmon-" + id1 + ".scope", Container{}},
		"CRI-O, monitor on cgroupfs":        {"/kubepods/burstable/pod" + uid + "/crio-conmon-" + id1, Container{}},
		"cri-dockerd, systemd":              {burstable + "/docker-" + id1 + ".scope", docker},
		"cri-dockerd, cgroupfs":             {"/kubepods/burstable/pod" + uid + "/" + id1, unsaid},
		"the pod itself, cgroupfs":          {"/kubepods/burstable/pod" + uid, Container{}},
		"the pod itself, systemd":           {burstable, Container{}},
		"kubelet below a root of its own":   {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" + uidUnderlined + ".slice/cri-containerd-" + id1 + ".scope", containerd},
		"kind: node in docker, cgroupfs":    {"/docker/" + id2 + "/kubelet/kubepods/burstable/pod" + uid + "/" + id1, unsaid},
		"kind: node in docker, systemd":     {"/system.slice/docker-" + id2 + ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + uidUnderlined + ".slice/cri-containerd-" + id1 + ".scope", containerd},
		"kind: the node's own services":     {"/system.slice/docker-" + id2 + ".scope/system.slice/kubelet.service", Container{ID: id2, Runtime: "docker"}},
		"docker in a pod":                   {burstable + "/cri-containerd-" + id2 + ".scope/docker/" + id1, docker},
		"monitor of podman, in a container": {"/docker/" + id2 + "/machine.slice/libpod-conmon-" + id1 + ".scope", Container{ID: id2, Runtime: "docker"}},
		"docker in docker":                  {"/docker/" + id2 + "/docker/" + id1, Container{ID: id1, Runtime: "docker"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, containerOf(NewFinder(Settings{}), c.path)) })
	}
}

// What the path doesn't tell stands in the state of containerd.
func TestLocate_containerdState(t *testing.T) {
	r := finderWith(t, "default/web", "default/"+id1, "k8s.io/"+id2, "moby/"+id1, "batch.jobs/nightly-42")
	for name, c := range map[string]containerCase{
		"ctr":                       {"/default/web", Container{ID: "web", Runtime: "containerd", namespace: "default"}},
		"ctr, other namespace":      {"/batch.jobs/nightly-42", Container{ID: "nightly-42", Runtime: "containerd", namespace: "batch.jobs"}},
		"ctr, systemd in it":        {"/default/web/init.scope", Container{ID: "web", Runtime: "containerd", namespace: "default"}},
		"ctr below a parent":        {"/parent/default/web", Container{ID: "web", Runtime: "containerd", namespace: "default"}},
		"nerdctl, cgroupfs":         {"/default/" + id1, Container{ID: id1, Runtime: "containerd", namespace: "default"}},
		"nerdctl, systemd":          {"/system.slice/nerdctl-" + id1 + ".scope", Container{ID: id1, Runtime: "containerd"}},
		"ctr, none of that name":    {"/default/other", Container{}},
		"ctr, namespace alone":      {"/default", Container{}},
		"name without a namespace":  {"/web", Container{}},
		"kubernetes, cgroupfs":      {"/kubepods/burstable/pod" + uid + "/" + id2, Container{ID: id2, Runtime: "containerd", PodUID: uid}},
		"kubernetes, not this one":  {"/kubepods/burstable/pod" + uid + "/" + id1, Container{ID: id1, PodUID: uid}},
		"docker keeps state there":  {"/docker/" + id1, Container{ID: id1, Runtime: "docker"}},
		"docker, in its namespace":  {"/system.slice/docker-" + id1 + ".scope", Container{ID: id1, Runtime: "docker"}},
		"nothing that is container": {"/system.slice/ssh.service", Container{}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, containerOf(r, c.path)) })
	}
}

// An id alone may be anybody's: the folders of Docker tell its own.
func TestLocate_dockerState(t *testing.T) {
	state := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(state, dockerContainer(id1)), 0o700))
	f := NewFinder(Settings{Docker: []string{"/nonexistent", state}})
	docker := Container{ID: id1, Runtime: Docker}
	inPod := Container{ID: id1, Runtime: Docker, PodUID: uid}
	for name, c := range map[string]containerCase{
		"parent of one's own":        {"/batch/" + id1, docker},
		"parent of one's own, twice": {"/batch/nightly/" + id1, docker},
		"swarm below a slice":        {"/swarm.slice/" + id1 + "/init.scope", docker},
		"cri-dockerd, guaranteed":    {"/kubepods/pod" + uid + "/" + id1, inPod},
		"cri-dockerd, burstable":     {"/kubepods/burstable/pod" + uid + "/" + id1, inPod},
		"cri-dockerd, best effort":   {"/kubepods/besteffort/pod" + uid + "/" + id1, inPod},
		"systemd inside, version 1":  {"/kubepods/besteffort/pod" + uid + "/" + id1 + "/system.slice/nginx.service", inPod},
		"another one":                {"/batch/" + id2, Container{ID: id2}},
		"CRI-O, whatever is there":   {"/kubepods/burstable/pod" + uid + "/crio-" + id1, Container{ID: id1, Runtime: CRIO, PodUID: uid}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, containerOf(f, c.path)) })
	}
}

// Whoever may make cgroups chooses their names. None may make the receiver look elsewhere or fail.
func TestLocate_hostilePaths(t *testing.T) {
	outside := t.TempDir()
	state := filepath.Join(outside, "state")
	tasks := filepath.Join(state, containerdTasks)
	require.NoError(t, os.MkdirAll(filepath.Join(tasks, "default", "web"), 0o700))
	require.NoError(t, os.MkdirAll(filepath.Join(outside, "secret", "thing"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(tasks, "default", "file"), nil, 0o600))
	r := NewFinder(Settings{Containerd: []string{state}})
	long := strings.Repeat("a", 64)
	for name, path := range map[string]string{
		"empty":                    "",
		"root":                     "/",
		"slashes":                  "////",
		"dot":                      "/.",
		"namespace is a dot":       "/./default",
		"id is a dot":              "/default/.",
		"dots":                     "/..",
		"namespace is dots":        "/../secret",
		"id is dots":               "/default/..",
		"dots upwards":             "/../../secret/thing",
		"empty namespace":          "//default",
		"not a directory":          "/default/file",
		"no pattern, only a part":  "/x-docker-" + id1 + ".scope",
		"id with a tail":           "/docker/" + id1 + "f",
		"id cut":                   "/docker/" + id1[:63],
		"id in capitals":           "/docker/" + strings.ToUpper(id1),
		"id that is none":          "/docker/" + strings.Repeat("g", 64),
		"scope of an unknown kind": "/system.slice/other-" + id1 + ".scope",
		"scope with a tail":        "/system.slice/docker-" + id1 + ".scope.bak",
		"line break":               "/docker/\n",
		"NUL":                      "/default/web\x00",
		"not UTF-8":                "/default/\xff\xfe",
		"very deep":                strings.Repeat("/x", 2048),
		"very long name":           "/" + strings.Repeat("b", 4096),
		"very long and nearly":     "/docker/" + long + "g" + strings.Repeat("a", 4096),
	} {
		t.Run(name, func(t *testing.T) { assert.Zero(t, containerOf(r, path)) })
	}
	deep := "/docker/" + id1 + strings.Repeat("/x", 2000)
	assert.Equal(t, Container{ID: id1, Runtime: "docker"}, containerOf(r, deep))
	// A pod's UID is that of a pod, whatever else is called so.
	assert.Equal(t, Container{ID: id1}, containerOf(r, "/podinfo/tripod-1234/"+id1))
}

func FuzzLocate(f *testing.F) {
	r := finderWith(f, "default/web")
	f.Add("/kubepods/burstable/pod" + uid + "/" + id1)
	f.Add("/default/web/../..")
	f.Add("/machine.slice/libpod-conmon-" + id1 + ".scope")
	f.Fuzz(func(t *testing.T, path string) {
		c := containerOf(r, path)
		if c.ID == "" && !reflect.DeepEqual(c, Container{}) {
			t.Fatalf("%+v is no container and has properties", c)
		}
		if c.ID != "" && !strings.Contains(path, c.ID) {
			t.Fatalf("%q is not in the path", c.ID)
		}
	})
}
