{{/* The Deployment of one component. Takes root and component. */}}
{{- define "einklang.deployment" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- with .component -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels:
    {{- include "einklang.labels" $root | nindent 4 }}
    {{- omit .selector "app.kubernetes.io/instance" | toYaml | nindent 4 }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  # An upgrade may rebuild a large view before its worker is ready.
  progressDeadlineSeconds: {{ ternary 3600 600 (eq .role "worker") }}
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector:
    matchLabels: {{- toYaml .selector | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "einklang.labels" $root | nindent 8 }}
        {{- omit .selector "app.kubernetes.io/instance" | toYaml | nindent 8 }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .service }}
        {{- if not $values.secrets.existingSecret }}
        checksum/secrets: {{ include "einklang.secretData" $root | sha256sum }}
        {{- end }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "einklang.serviceAccountName" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
      securityContext: {{- include "einklang.podSecurity" $root | nindent 8 }}
      {{- with $values.image.pullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: { matchLabels: {{ toJson $.component.selector }} }
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      containers:
        - name: {{ .service }}
          image: {{ include "einklang.image" $root }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          args: [dist/apps/{{ .service }}/src/main.js]
          env:
            {{- include "einklang.environment" (dict "root" $root "secretName" (include "einklang.secretName" $root) "service" .service "own" (include "einklang.ownEnvironment" $ | fromYaml)) | nindent 12 }}
            {{- if eq .service "channels" }}
            - { name: SIMULATED_SHOP_SECRET, valueFrom: { secretKeyRef: { name: {{ include "einklang.secretName" $root }}, key: SIMULATED_SHOP_SECRET, optional: true } } }
            {{- end }}
          ports:
            - { name: http, containerPort: 3000 }
            {{- if .hasGrpc }}
            - { name: grpc, containerPort: 5051 }
            {{- end }}
          # A start may wait for stores that come up; five minutes.
          startupProbe: { httpGet: { path: /health/live, port: http }, periodSeconds: 2, failureThreshold: 150, timeoutSeconds: 2 }
          # Restarted only when it does not answer at all for a minute: a store that is away is no reason.
          livenessProbe: { httpGet: { path: /health/live, port: http }, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 }
          readinessProbe: { httpGet: { path: /health/ready, port: http }, periodSeconds: 5, failureThreshold: 2, timeoutSeconds: 4 }
          lifecycle: { preStop: { sleep: { seconds: {{ $values.preStopSeconds }} } } }
          resources: {{- toYaml .values.resources | nindent 12 }}
          securityContext: {{- include "einklang.containerSecurity" $root | nindent 12 }}
          volumeMounts: {{- include "einklang.volumeMounts" $root | nindent 12 }}
      volumes: {{- include "einklang.volumes" $root | nindent 8 }}
{{- end }}
{{- end }}
