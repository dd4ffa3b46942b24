// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"slices"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// containers returns the containers of a pod: regular ones first, then those that run before, then those that
// somebody added to look around; behind them the ones that were replaced by those.
func (c *Converter) containers(p *Pod) []inventory.Container {
	list := containerList{converter: c}
	for _, sort := range []struct {
		wanted   []ContainerSpec
		statuses []ContainerStatus
	}{
		{p.Spec.Containers, p.Status.ContainerStatuses},
		{p.Spec.InitContainers, p.Status.InitContainerStatuses},
		{p.Spec.EphemeralContainers, p.Status.EphemeralContainerStatuses},
	} {
		list.add(sort.wanted, sort.statuses)
	}
	all := slices.Concat(list.present, list.past)
	if len(all) > containersPerPodMax {
		c.count(CutContainers)
		all = all[:containersPerPodMax]
	}
	return all
}

type containerList struct {
	converter     *Converter
	present, past []inventory.Container
}

func (l *containerList) add(wanted []ContainerSpec, statuses []ContainerStatus) {
	for _, want := range wanted {
		if len(l.present) > containersPerPodMax { // one too many is enough for it to be counted
			return
		}
		name := l.converter.sharedName(want.Name)
		if name == "" {
			continue
		}
		status := statusOf(statuses, want.Name)
		if status == nil {
			l.present = append(l.present, inventory.Container{Name: name, Image: l.converter.image(want.Image)})
			continue
		}
		l.addStatus(name, want, status)
	}
}

func (l *containerList) addStatus(name string, want ContainerSpec, status *ContainerStatus) {
	restarts := max(status.RestartCount, 0)
	now := inventory.Container{
		Name: name, ID: l.id(status.ContainerID), Image: l.converter.image(want.Image), Restarts: restarts,
	}
	// A container that is not made yet may still show the image of the one before it.
	if now.ID != "" {
		now.ImageID = l.converter.image(status.ImageID)
	}
	l.present = append(l.present, now)
	if status.LastState.Terminated == nil {
		return
	}
	// Which image the last one had is not said: the specification may have changed since.
	if id := l.id(status.LastState.Terminated.ContainerID); id != "" && id != now.ID {
		l.past = append(l.past, inventory.Container{Name: name, ID: id, Restarts: max(restarts-1, 0)})
	}
}

func statusOf(statuses []ContainerStatus, name string) *ContainerStatus {
	for index := range statuses {
		if index > containersPerPodMax {
			return nil
		}
		if statuses[index].Name == name {
			return &statuses[index]
		}
	}
	return nil
}

// id takes off the scheme of the runtime: containerd://, cri-o://, docker://.
func (l *containerList) id(withScheme string) string {
	if _, id, ok := strings.Cut(withScheme, "://"); ok {
		withScheme = id
	}
	return l.converter.name(withScheme)
}
