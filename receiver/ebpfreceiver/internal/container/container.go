// SPDX-License-Identifier: Apache-2.0

package container

// Names of runtimes, as in container.runtime.name.
const (
	Containerd = "containerd"
	Docker     = "docker"
	CRIO       = "cri-o"
	Podman     = "podman"
)

// Container says which container a cgroup belongs to, and what is known of it. The zero value stands for none. What
// is not known is empty.
type Container struct {
	ID string
	// Runtime is one of the names above.
	Runtime string
	// PodUID is the Kubernetes pod's, in the form of the API.
	PodUID string
	// Name is what the runtime calls it: what people chose, or for pods of Kubernetes what the kubelet made up.
	Name  string
	Image Image
	// Labels are those whose keys were asked for, by key.
	Labels []Label
	// PodName and PodNamespace are the Kubernetes pod's, PodContainer the container's name in its specification.
	PodName, PodNamespace, PodContainer string
	// Sandbox tells a container that only holds a pod's namespaces.
	Sandbox bool

	// namespace is containerd's, where the path of the cgroup tells it: ids are unique in one only.
	namespace string
}

// Image is what a container was made from.
type Image struct {
	// Reference is what was asked for: a name, mostly with a tag or digest, or the id of an image.
	Reference string
	// Name has neither tag nor digest.
	Name string
	// Tags are those that the image has under that name, RepoDigests all names with the digests that registries
	// have it by.
	Tags, RepoDigests []string
}

// Label is one of a container's labels.
type Label struct{ Key, Value string }

// Key tells a container from all others of the host.
func (c *Container) Key() string {
	if c.namespace == "" {
		return c.ID
	}
	return c.namespace + "/" + c.ID
}

// Bytes is the length of all that is known.
func (c *Container) Bytes() int {
	sum := len(c.ID) + len(c.PodUID) + len(c.Name) + len(c.PodName) + len(c.PodNamespace) + len(c.PodContainer) +
		len(c.Image.Reference) + len(c.Image.Name)
	for _, list := range [][]string{c.Image.Tags, c.Image.RepoDigests} {
		for _, entry := range list {
			sum += len(entry)
		}
	}
	for _, label := range c.Labels {
		sum += len(label.Key) + len(label.Value)
	}
	return sum
}

// Outcome says what became of the look for a container's state.
type Outcome string

const (
	// Found means that the state told who it is.
	Found Outcome = "found"
	// FoundLater means that only the second look found it.
	FoundLater Outcome = "found_later"
	// Absent means that there is no state where it was looked for.
	Absent Outcome = "absent"
	// Denied means that the collector may not read it.
	Denied Outcome = "denied"
	// Damaged means that the state is not what the runtime writes.
	Damaged Outcome = "damaged"
	// TooLarge means that it is longer than what is read.
	TooLarge Outcome = "too_large"
	// Doubtful means that a second cgroup claims to be a container whose cgroup is there. It gets no names.
	Doubtful Outcome = "doubtful"
)
