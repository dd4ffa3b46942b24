// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
)

// core and discovery are the groups of the objects.
var (
	core      = schema.GroupVersion{Version: "v1"}
	discovery = schema.GroupVersion{Group: "discovery.k8s.io", Version: "v1"}
)

// scheme says which Go type stands for which kind.
func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	s.AddKnownTypes(core, &Pod{}, &PodList{}, &Service{}, &ServiceList{}, &Node{}, &NodeList{})
	s.AddKnownTypes(discovery, &EndpointSlice{}, &EndpointSliceList{})
	// What the API server answers instead, when it can't.
	s.AddUnversionedTypes(core, &metav1.Status{})
	return s
}

// NewSerializer returns what client-go needs to read these objects. JSON is all that it knows: Protocol Buffers
// would need generated code.
func NewSerializer() runtime.NegotiatedSerializer {
	s := scheme()
	serializer := json.NewSerializerWithOptions(json.DefaultMetaFactory, s, s, json.SerializerOptions{})
	return runtime.NewSimpleNegotiatedSerializer(runtime.SerializerInfo{
		MediaType: runtime.ContentTypeJSON, MediaTypeType: "application", MediaTypeSubType: "json",
		EncodesAsText: true, Serializer: serializer,
		StreamSerializer: &runtime.StreamSerializerInfo{EncodesAsText: true, Serializer: serializer, Framer: json.Framer},
	})
}

// Decoder reads objects that come in another way than through client-go. It is safe for use by several goroutines.
type Decoder struct{ decoder runtime.Decoder }

// NewDecoder returns a decoder of the objects of this package.
func NewDecoder() *Decoder {
	return &Decoder{NewSerializer().SupportedMediaTypes()[0].Serializer}
}

// Decode returns the object that JSON says it is: one of this package, or a *metav1.Status.
func (d *Decoder) Decode(data []byte) (runtime.Object, error) {
	object, _, err := d.decoder.Decode(data, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("read an object of the Kubernetes API: %w", err)
	}
	return object, nil
}
