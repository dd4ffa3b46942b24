// SPDX-License-Identifier: Apache-2.0

package apiobject

// Bounds on what is taken of an object; people write most of it. What is beyond them is left out and counted,
// see Converter.Cut.
const (
	// nameBytesMax bounds names, UIDs and ids: the API allows names of 253. A longer one is left out, since half
	// a name is a wrong name.
	nameBytesMax = 253
	// imageBytesMax bounds references of images: a name, a tag and a digest.
	imageBytesMax = 1024
	// containersPerPodMax bounds the containers of a pod, of all sorts together, past ones included.
	containersPerPodMax = 64
	// addressesPerObjectMax bounds the addresses of a pod, a Service, a node or an endpoint.
	addressesPerObjectMax = 16
	// endpointsPerSliceMax is what the API allows, https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/.
	endpointsPerSliceMax = 1000
	// portsPerSliceMax is what the API allows.
	portsPerSliceMax = 100
	// attributesPerPodMax bounds labels and annotations that become attributes.
	attributesPerPodMax = 64
	// attributeNameBytesMax bounds the name of an attribute. A longer one is left out.
	attributeNameBytesMax = 384
	// attributeValueBytesMax bounds the value of an attribute: a label has 63 at most, annotations may have
	// 256 KiB. A longer one is cut.
	attributeValueBytesMax = 1024
	// patternsMax bounds the patterns of labels, and those of annotations.
	patternsMax = 64
	// sharedStringsMax bounds the strings that are kept once for all objects that have them: names of
	// namespaces, nodes and containers, images, what labels say. When it is hit, the table starts anew.
	sharedStringsMax = 16384
)

// Names of bounds, as Converter.Cut has them.
const (
	CutName           = "name"
	CutImage          = "image"
	CutContainers     = "containers"
	CutAddresses      = "addresses"
	CutEndpoints      = "endpoints"
	CutPorts          = "ports"
	CutAttributes     = "attributes"
	CutAttributeName  = "attribute_name"
	CutAttributeValue = "attribute_value"
	CutReservedName   = "reserved_attribute_name"
	CutUnreadable     = "unreadable_address"
	CutSharedStrings  = "shared_strings"
)
