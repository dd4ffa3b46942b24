// SPDX-License-Identifier: Apache-2.0

package names

// Resource attributes that say which container, pod and workload it was. The receiver sets those that the
// runtime's state on the host tells; the processor "k8s_enrich" adds the others.
const (
	ContainerName             = "container.name"
	ContainerImageName        = "container.image.name"
	ContainerImageTags        = "container.image.tags"
	ContainerImageRepoDigests = "container.image.repo_digests"
	// ContainerLabelPrefix stands before the key of a container's label.
	ContainerLabelPrefix = "container.label."
	ContainerSandbox     = "meerkat.container.sandbox"

	K8sNamespaceName         = "k8s.namespace.name"
	K8sPodName               = "k8s.pod.name"
	K8sPodIP                 = "k8s.pod.ip"
	K8sPodStartTime          = "k8s.pod.start_time"
	K8sContainerName         = "k8s.container.name"
	K8sContainerRestartCount = "k8s.container.restart_count"
	K8sReplicaSetName        = "k8s.replicaset.name"
	K8sReplicaSetUID         = "k8s.replicaset.uid"
	K8sDeploymentName        = "k8s.deployment.name"
	K8sStatefulSetName       = "k8s.statefulset.name"
	K8sStatefulSetUID        = "k8s.statefulset.uid"
	K8sDaemonSetName         = "k8s.daemonset.name"
	K8sDaemonSetUID          = "k8s.daemonset.uid"
	K8sJobName               = "k8s.job.name"
	K8sJobUID                = "k8s.job.uid"
	K8sCronJobName           = "k8s.cronjob.name"
	K8sNodeName              = "k8s.node.name"
	K8sClusterName           = "k8s.cluster.name"
	K8sClusterUID            = "k8s.cluster.uid"
	// Prefixes stand before the key of a label or annotation.
	K8sPodLabelPrefix      = "k8s.pod.label."
	K8sPodAnnotationPrefix = "k8s.pod.annotation."

	ServiceName       = "service.name"
	ServiceNamespace  = "service.namespace"
	ServiceVersion    = "service.version"
	ServiceInstanceID = "service.instance.id"

	EnrichmentStatus = "meerkat.enrichment.status"
	EnrichmentReason = "meerkat.enrichment.reason"
)

// Attributes of the far end of a connection, on the records of connections and flows. Suffixes are those of the
// k8s.* names of the near end.
const (
	PeerKind             = "meerkat.peer.kind"
	PeerName             = "meerkat.peer.name"
	PeerNamespaceName    = "meerkat.peer.namespace.name"
	PeerPodName          = "meerkat.peer.pod.name"
	PeerPodUID           = "meerkat.peer.pod.uid"
	PeerNodeName         = "meerkat.peer.node.name"
	PeerServiceName      = "meerkat.peer.service.name"
	PeerNetworkName      = "meerkat.peer.network.name"
	PeerEnrichmentStatus = "meerkat.peer.enrichment.status"
	PeerEnrichmentReason = "meerkat.peer.enrichment.reason"
	PeerSeesClient       = "meerkat.peer.sees.client"
	PeerSeesServer       = "meerkat.peer.sees.server"
)

// ContainerAttributes describes what the receiver tells of a container, from the runtime's state on the host.
func ContainerAttributes() []Attribute {
	return []Attribute{
		{ContainerName, String, "Name of the container, as its runtime has it."},
		{ContainerImageName, String, "Name of the image, without tag or digest."},
		{ContainerImageTags, StringArray, "Tags of the image."},
		{ContainerImageRepoDigests, StringArray, "Digests by which a registry has the image."},
		{ContainerLabelPrefix + "<key>", String, "Labels of the container that the configuration asks for."},
		{ContainerSandbox, Bool, "True of a container that only holds a pod's namespaces (`pause`). Absent of others."},
		{K8sNamespaceName, String, "Namespace of the pod."},
		{K8sPodName, String, "Name of the pod."},
		{K8sContainerName, String, "Name of the container in the pod's specification."},
	}
}

// EnrichmentAttributes describes what the processor "k8s_enrich" adds to resources, besides those of containers.
func EnrichmentAttributes() []Attribute {
	return []Attribute{
		{K8sPodIP, String, "First address of the pod."},
		{K8sPodStartTime, String, "When the kubelet took the pod up, RFC 3339."},
		{K8sContainerRestartCount, Int, "How often the container was started again."},
		{K8sReplicaSetName, String, "ReplicaSet of the pod."},
		{K8sReplicaSetUID, String, "Its UID."},
		{K8sDeploymentName, String, "Deployment of the pod: the ReplicaSet's name without the hash that the pod's label `pod-template-hash` names."},
		{K8sStatefulSetName, String, "StatefulSet of the pod."},
		{K8sStatefulSetUID, String, "Its UID."},
		{K8sDaemonSetName, String, "DaemonSet of the pod."},
		{K8sDaemonSetUID, String, "Its UID."},
		{K8sJobName, String, "Job of the pod."},
		{K8sJobUID, String, "Its UID."},
		{K8sCronJobName, String, "CronJob of the pod: the Job's name without the scheduled minute, when that is near the pod's creation."},
		{K8sNodeName, String, "Node that the pod is on."},
		{K8sClusterName, String, "Name of the cluster, from the configuration."},
		{K8sClusterUID, String, "UID of the namespace `kube-system`, from the configuration."},
		{K8sPodLabelPrefix + "<key>", String, "Labels of the pod that the configuration asks for."},
		{K8sPodAnnotationPrefix + "<key>", String, "Annotations of the pod that the configuration asks for."},
		{ServiceName, String, "By the conventions' rules: the annotation `resource.opentelemetry.io/service.name`; if the configuration allows it, the labels `app.kubernetes.io/instance` and `app.kubernetes.io/name`; the name of the Deployment, ReplicaSet, StatefulSet, DaemonSet, CronJob, Job, pod or container."},
		{ServiceNamespace, String, "The annotation `resource.opentelemetry.io/service.namespace`, or the pod's namespace."},
		{ServiceVersion, String, "The annotation `resource.opentelemetry.io/service.version`; if the configuration allows it, the label `app.kubernetes.io/version`; tag and digest of the image."},
		{ServiceInstanceID, String, "The annotation `resource.opentelemetry.io/service.instance.id`, or namespace, pod and container, with dots between."},
		{EnrichmentStatus, String, "`resolved`: pod and container are known, with their owner. `partial`: some of it is. `unresolved`: there is a pod, and nothing is known of it. `not_applicable`: it is no pod's."},
		{EnrichmentReason, String, "Why it is not resolved: `pod_unknown`, `container_unknown`, `not_synced` (the cluster was not read completely yet), `queue_full` (it could not wait for lack of room) or `no_source` (the configuration names none)."},
	}
}

// PeerAttributes describes what the processor "k8s_enrich" adds to the records of connections and flows.
func PeerAttributes() []Attribute {
	return []Attribute{
		{PeerKind, String, "What is at the far end: `deployment`, `statefulset`, `daemonset`, `replicaset`, `cronjob`, `job` or `pod`, whichever is the pod's outermost owner that is known; `service` if pods of several owners are behind the address; `node`; `network` for one of the configuration's; `external` for an address that is nobody's in the cluster."},
		{PeerName, String, "Name of that."},
		{PeerNamespaceName, String, "Its namespace."},
		{PeerPodName, String, "Pod at the far end. Absent if the address is a Service's and the pod behind is not seen."},
		{PeerPodUID, String, "Its UID."},
		{PeerNodeName, String, "Node at the far end."},
		{PeerServiceName, String, "Service whose address it is."},
		{PeerNetworkName, String, "Name that the configuration gives to a network with the address."},
		{PeerEnrichmentStatus, String, "Present if the far end is not resolved: `partial`, `unresolved` or `not_applicable`."},
		{PeerEnrichmentReason, String, "Why: `address_unknown`, `address_ambiguous` (two pods may have had it at that time), `out_of_scope` (the cluster beyond this node is not read), `not_synced` or `queue_full`."},
		{PeerSeesClient, String, "Address and port of the client as the server sees them, told by the client if connection tracking of its node translates the connection."},
		{PeerSeesServer, String, "Address and port of the server as it sees them itself, in the same case."},
	}
}
