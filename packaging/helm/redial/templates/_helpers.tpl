{{- define "redial.labels" -}}
app.kubernetes.io/name: redial
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "redial.selector" -}}
app.kubernetes.io/name: redial
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "redial.name" -}}
{{- if contains "redial" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-redial" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "redial.secret" -}}
{{ .Values.keys.existingSecret | default (include "redial.name" .) }}
{{- end }}

{{/* The port of host:port. */}}
{{- define "redial.port" -}}
{{ regexFind "[0-9]+$" . }}
{{- end }}

{{/* The settings of the server: those of the values, and where its keys are. */}}
{{- define "redial.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if and .Values.ingress.enabled (not .Values.config.http.public_url) }}
{{- $_ := set $config.http "public_url" (printf "https://%s" (required "ingress.host is missing: the name that clients use" .Values.ingress.host)) }}
{{- end }}
{{- $_ := set $config "access" (dict "key_file" "/run/secrets/redial/keys") }}
{{- toYaml $config }}
{{- end }}
