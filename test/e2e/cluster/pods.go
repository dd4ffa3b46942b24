// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
)

func (c *Cluster) pods(namespace string) dynamic.ResourceInterface {
	return c.Objects(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(namespace)
}

// Pods returns the pods of a namespace that a selector of labels selects.
func (c *Cluster) Pods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	list, err := c.pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", namespace, err)
	}
	pods := make([]corev1.Pod, len(list.Items))
	for i := range list.Items {
		if err := convert(&list.Items[i], &pods[i]); err != nil {
			return nil, err
		}
	}
	return pods, nil
}

func convert(object *unstructured.Unstructured, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
		return fmt.Errorf("read %s: %w", nameOf(object), err)
	}
	return nil
}

// WaitPods returns when so many pods are selected and all of them are ready.
func (c *Cluster) WaitPods(ctx context.Context, namespace, selector string, count int) ([]corev1.Pod, error) {
	var pods []corev1.Pod
	err := c.poll(ctx, fmt.Sprintf("%d pods %s of %s", count, selector, namespace), func() (err error) {
		if pods, err = c.Pods(ctx, namespace, selector); err != nil {
			return err
		}
		if len(pods) != count {
			return fmt.Errorf("there are %d", len(pods))
		}
		for i := range pods {
			if !isReady(&pods[i]) {
				return fmt.Errorf("%s is %s, containers %+v", pods[i].Name, pods[i].Status.Phase, pods[i].Status.ContainerStatuses)
			}
		}
		return nil
	})
	return pods, err
}

func isReady(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

// WaitEnded returns a pod once its containers have ended for good.
func (c *Cluster) WaitEnded(ctx context.Context, namespace, name string) (corev1.Pod, error) {
	var pod corev1.Pod
	err := c.poll(ctx, "the end of pod "+namespace+"/"+name, func() error {
		object, err := c.pods(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		pod = corev1.Pod{}
		if err := convert(object, &pod); err != nil {
			return err
		}
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			return fmt.Errorf("it is %s, containers %+v", pod.Status.Phase, pod.Status.ContainerStatuses)
		}
		return nil
	})
	return pod, err
}

// PodLog returns what the first container of a pod has printed, which the API server asks the kubelet for.
func (c *Cluster) PodLog(ctx context.Context, namespace, name string) (string, error) {
	content, err := c.api.get(ctx, "/api/v1/namespaces/"+namespace+"/pods/"+name+"/log")
	if err != nil {
		return "", fmt.Errorf("log of pod %s/%s: %w", namespace, name, err)
	}
	return string(content), nil
}

// RunPod runs a pod of one container to its end, deletes it, and returns it as it was at the end with what it printed. It is
// an error if the container ends with another code than 0.
func (c *Cluster) RunPod(ctx context.Context, pod *corev1.Pod) (ended corev1.Pod, printed string, err error) {
	pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return ended, "", fmt.Errorf("run pod %s: %w", pod.Name, err)
	}
	at := c.pods(pod.Namespace)
	if _, err := at.Create(ctx, &unstructured.Unstructured{Object: object}, metav1.CreateOptions{}); err != nil {
		return ended, "", fmt.Errorf("run pod %s: %w", pod.Name, err)
	}
	defer func() {
		now := int64(0)
		err = errors.Join(err, at.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	}()
	if ended, err = c.WaitEnded(ctx, pod.Namespace, pod.Name); err != nil {
		return ended, "", err
	}
	if printed, err = c.PodLog(ctx, pod.Namespace, pod.Name); err != nil {
		return ended, "", err
	}
	if ended.Status.Phase != corev1.PodSucceeded {
		return ended, printed, fmt.Errorf("run pod %s: it is %s and printed %q", pod.Name, ended.Status.Phase, printed)
	}
	return ended, printed, nil
}

// ShellPod is a pod for RunPod that runs a command of busybox's shell, on the node's network or on one of its own.
func ShellPod(name, command string, onHostNetwork bool) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault},
		Spec: corev1.PodSpec{
			HostNetwork: onHostNetwork,
			Containers:  []corev1.Container{{Name: "shell", Image: BusyboxImage, Command: []string{"/bin/sh", "-c", command}}},
		},
	}
}
