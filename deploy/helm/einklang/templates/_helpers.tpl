{{/* Name of the release's things. */}}
{{- define "einklang.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* Labels of everything. */}}
{{- define "einklang.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/part-of: einklang
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "einklang.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "einklang.secretName" -}}
{{- .Values.secrets.existingSecret | default (printf "%s-secrets" (include "einklang.fullname" .)) -}}
{{- end }}

{{- define "einklang.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "einklang.fullname" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end -}}
{{- end }}

{{/* The secrets the chart makes, as data. */}}
{{- define "einklang.secretData" -}}
{{- with .Values.secrets -}}
EVENTSTOREDB_URL: {{ required "secrets.eventStoreDbUrl or secrets.existingSecret must be set." .eventStoreDbUrl | quote }}
EINKLANG_HASH_KEY: {{ required "secrets.hashKey or secrets.existingSecret must be set." .hashKey | quote }}
{{- range $service, $url := .databaseUrls }}
DATABASE_URL_{{ upper $service }}: {{ required (printf "secrets.databaseUrls.%s or secrets.existingSecret must be set." $service) $url | quote }}
{{- end }}
{{- if $.Values.kafka.saslMechanism }}
KAFKA_SASL_PASSWORD: {{ required "secrets.kafkaSaslPassword or secrets.existingSecret must be set where kafka.saslMechanism is." .kafkaSaslPassword | quote }}
{{- end }}
{{- with .simulatedShopSecret }}
SIMULATED_SHOP_SECRET: {{ . | quote }}
{{- end }}
{{- end -}}
{{- end }}

{{/*
Environment of a container. Takes root, secretName, service (none for the topics job) and own, a dict of plain values that
go before the common ones.
*/}}
{{- define "einklang.environment" -}}
{{- $values := .root.Values -}}
{{- $plain := dict
  "EINKLANG_LOG_LEVEL" $values.logLevel
  "KAFKA_BROKERS" (required "kafka.brokers must be set." $values.kafka.brokers)
  "KAFKA_CLIENT_ID" (printf "einklang-%s" (.service | default "ops")) -}}
{{- if $values.kafka.tls }}{{ $_ := set $plain "KAFKA_TLS" "true" }}{{ end -}}
{{- range $name, $file := dict "CA" $values.kafka.caFile "CERT" $values.kafka.certFile "KEY" $values.kafka.keyFile -}}
{{- if $file }}{{ $_ := set $plain (printf "KAFKA_TLS_%s_FILE" $name) (printf "/etc/einklang/certificates/%s" $file) }}{{ end -}}
{{- end -}}
{{- $secret := list "EINKLANG_HASH_KEY" "EVENTSTOREDB_URL" -}}
{{- with $values.kafka.saslMechanism -}}
{{- $_ := set $plain "KAFKA_SASL_MECHANISM" . -}}
{{- $_ := set $plain "KAFKA_SASL_USERNAME" (required "kafka.saslUsername must be set where kafka.saslMechanism is." $values.kafka.saslUsername) -}}
{{- $secret = append $secret "KAFKA_SASL_PASSWORD" -}}
{{- end -}}
{{- range $name, $value := mergeOverwrite $plain (.own | default dict) }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- range $secret }}
- { name: {{ . }}, valueFrom: { secretKeyRef: { name: {{ $.secretName }}, key: {{ . }} } } }
{{- end }}
{{- with .service }}
- { name: DATABASE_URL, valueFrom: { secretKeyRef: { name: {{ $.secretName }}, key: DATABASE_URL_{{ upper . }} } } }
{{- end }}
{{- end }}

{{/* What only this service and part gets, as a dict. Takes root and component. */}}
{{- define "einklang.ownEnvironment" -}}
{{- $own := dict "EINKLANG_ROLE" .component.role -}}
{{- with .root.Values.tracing -}}
{{- if .endpoint -}}
{{- $own = merge $own (dict "OTEL_EXPORTER_OTLP_ENDPOINT" .endpoint "OTEL_TRACES_SAMPLER" .sampler "OTEL_TRACES_SAMPLER_ARG" .samplerArgument) -}}
{{- $_ := set $own "OTEL_SERVICE_NAME" (printf "%s-%s" $.component.service $.component.role) -}}
{{- end -}}
{{- end -}}
{{- if eq .component.service "channels" -}}
{{- $_ := set $own "ORDERS_URL" (printf "http://%s-orders-api:3000" (include "einklang.fullname" .root)) -}}
{{- end -}}
{{- mergeOverwrite $own ((get .root.Values.services .component.service).env | default dict) | toYaml -}}
{{- end }}

{{/* What every pod and container may not do. The image runs as this user anyway. */}}
{{- define "einklang.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "einklang.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "einklang.volumeMounts" -}}
- { name: scratch, mountPath: /tmp }
{{- if .Values.certificatesSecret }}
- { name: certificates, mountPath: /etc/einklang/certificates, readOnly: true }
{{- end }}
{{- end }}

{{- define "einklang.volumes" -}}
- { name: scratch, emptyDir: { sizeLimit: 64Mi } }
{{- with .Values.certificatesSecret }}
- { name: certificates, secret: { secretName: {{ . }} } }
{{- end }}
{{- end }}

{{/*
Every part of every service, as a list: name, service, role, labels, selector, and its values over the defaults.
*/}}
{{- define "einklang.components" -}}
{{- $root := . -}}
{{- range $service, $own := .Values.services }}
{{- range $role := list "api" "worker" }}
- name: {{ include "einklang.fullname" $root }}-{{ $service }}-{{ $role }}
  service: {{ $service }}
  role: {{ $role }}
  hasGrpc: {{ and (or (eq $service "catalog") (eq $service "customers") (eq $service "inventory") (eq $service "orders")) (eq $role "api") }}
  selector:
    app.kubernetes.io/name: {{ $service }}
    app.kubernetes.io/instance: {{ $root.Release.Name }}
    app.kubernetes.io/component: {{ $role }}
  values:
    {{- mergeOverwrite (deepCopy (get $root.Values.defaults $role)) (get $own $role | default dict) | toYaml | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}
