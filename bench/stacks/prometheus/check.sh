serves 'localhost:18107/api/v1/query?query=up' '"1"\]'
says prometheus-1 compose stats --no-stream
says config.file compose top prometheus
