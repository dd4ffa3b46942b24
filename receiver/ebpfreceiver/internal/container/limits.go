// SPDX-License-Identifier: Apache-2.0

package container

// Limits of the package, with what happens when one is hit.
const (
	// bundleBytesMax bounds what is read of one container's own file: an OCI configuration or Docker's. Ordinary
	// ones have some tens of kilobytes. A longer one tells nothing (outcome: TooLarge).
	bundleBytesMax = 1 << 20
	// sharedFileBytesMax bounds the files that tell of all containers or images. Some hundred images make one
	// megabyte. A longer one tells nothing, so that tags and digests are missing, and Podman's names.
	sharedFileBytesMax = 4 << 20
	// sharedFilesMax bounds the shared files that are remembered. Beyond it they are read again (Stats: Evicted).
	sharedFilesMax = 16
	// valueBytesMax bounds a name, an image or a label. What is longer is left out, since a part of it would be
	// another one's (Stats: LeftOut).
	valueBytesMax = 1024
	// imageTagsMax and imageDigestsMax bound what is told of one image, of which the first in alphabetical order are
	// kept, labelsMax what is told of one container (Stats: LeftOut).
	imageTagsMax    = 16
	imageDigestsMax = 16
	labelsMax       = 64
	// labelBytesMax bounds the keys and values of all labels of one container (Stats: LeftOut).
	labelBytesMax = 8 << 10
	// namespacesMax bounds the namespaces of containerd that are searched for a container.
	namespacesMax = 64
	// openAttemptsMax is how often a file is tried to be opened while its folder changes.
	openAttemptsMax = 4
)
