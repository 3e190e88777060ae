{{/* What names and selects everything of one release. */}}
{{- define "deemster.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "deemster.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "deemster.labels" -}}
{{ include "deemster.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Management is reached from other pods where it can ask who they are. */}}
{{- define "deemster.managed" -}}
{{- if and .Values.listeners.management.tlsSecret .Values.listeners.management.operatorsSecret }}yes{{ end }}
{{- end }}

{{- define "deemster.listeners" -}}
decisions:
  bind: 0.0.0.0:8080
{{- with .Values.listeners.decisions.tlsSecret }}
  tls: {certificate: /run/secrets/deemster-tls/tls.crt, key: /run/secrets/deemster-tls/tls.key}
{{- else }}
  plaintextBehind: {{ .Values.listeners.decisions.plaintextBehind }}
{{- end }}
{{- if include "deemster.managed" . }}
management:
  bind: 0.0.0.0:9080
  tls:
    certificate: /run/secrets/deemster-management/tls.crt
    key: /run/secrets/deemster-management/tls.key
    clientCa: /run/secrets/deemster-operators/ca.crt
{{- else }}
management:
  bind: 127.0.0.1:9080
{{- end }}
probes:
  bind: 0.0.0.0:9081
{{- end }}

{{- define "deemster.settings" -}}
{{- $policies := ternary (dict "path" "policies") (dict) (not (hasKey .Values.settings "policies")) }}
{{- $more := dict "listeners" (include "deemster.listeners" . | fromYaml) }}
{{- if $policies }}{{ $_ := set $more "policies" $policies }}{{ end }}
{{- merge (deepCopy .Values.settings) $more | toYaml }}
{{- end }}
