{{- /* What templates have in common. Objects are called after the release, which is called meerkat in the manifests beside this chart. */ -}}
{{- define "meerkat.name" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "meerkat.labels" -}}
app.kubernetes.io/name: meerkat
{{- if ne (include "meerkat.name" .) "meerkat" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- end -}}

{{- define "meerkat.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "meerkat.egress" -}}
- ports:
{{- range .Values.networkPolicy.egressPorts }}
{{- if eq (int .) 53 }}
    - {port: 53, protocol: UDP}
{{- end }}
    - {port: {{ int . }}, protocol: TCP}
{{- end }}
{{- end -}}

{{- define "meerkat.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "meerkat.liveness" -}}
startupProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{- /* The configurations of a part, and those that are laid over them: a dictionary of root and part. */ -}}
{{- define "meerkat.config" -}}
{{- $values := index .root.Values .part -}}
config.yaml: |
{{ .root.Files.Get (printf "files/%s.yaml" .part) | trimSuffix "\n" | indent 2 }}
{{- if and .root.Values.control.enabled (eq .part "agent") }}
control.yaml: |
{{ .root.Files.Get "files/control.yaml" | trimSuffix "\n" | indent 2 }}
{{- end }}
{{- with $values.config }}
overlay.yaml: |
{{ toYaml . | indent 2 }}
{{- end }}
{{- end -}}

{{- define "meerkat.args" -}}
- --config=/etc/meerkat/config.yaml
{{- if and .root.Values.control.enabled (eq .part "agent") }}
- --config=/etc/meerkat/control.yaml
{{- end }}
{{- if (index .root.Values .part).config }}
- --config=/etc/meerkat/overlay.yaml
{{- end }}
{{- end -}}

{{- /* What becomes of a part's memory. */ -}}
{{- define "meerkat.memory" -}}
{{- $mib := int (index .root.Values .part).memoryMiB -}}
- {name: GOMEMLIMIT, value: {{ div (mul $mib 66) 100 }}MiB}
- {name: MEERKAT_MEMORY_MIB_MAX, value: {{ div (mul $mib 62) 100 | quote }}}
{{- end -}}
