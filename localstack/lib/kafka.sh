# shellcheck shell=bash
# Apache Kafka: one KRaft node from the jars of Maven Central, on this machine's Java.

start_kafka() {
  local properties=$RUN/kafka.properties cluster
  command -v java >/dev/null || fail "Java is missing." "Run: localstack/local.sh install services"
  kafka_jars_present || fail "Kafka's jars are missing." "Run: localstack/local.sh install services"
  mkdir -p "$DATA/kafka"
  write_kafka_properties >"$properties"
  if [[ ! -e $DATA/kafka/meta.properties ]]; then
    # Any 16 bytes in URL-safe base64 name a cluster.
    cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=')
    quietly "$LOGS/kafka-format.log" java -cp "$KAFKA_JARS/libs/*" kafka.tools.StorageTool format -t "$cluster" -c "$properties" ||
      fail "Kafka's data folder could not be made." "Kafka wants Java 17 or newer; this is: $(java -version 2>&1 | head -n 1)"
  fi
  # Without the optimising compiler it is there in half the time, and fast enough for one person.
  start_process kafka "$CROSSWALK_KAFKA_PORT" "kafka.Kafka $properties" \
    java -Xmx512m -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
    -cp "$KAFKA_JARS/libs/*" kafka.Kafka "$properties"
  wait_for_answer kafka Kafka 90 "$STARTED_PID" kafka_answers
}

stop_kafka() { stop_process kafka; }

require_ports_kafka() {
  require_port "$CROSSWALK_KAFKA_PORT" Kafka CROSSWALK_KAFKA_PORT
  require_port "$KAFKA_CONTROLLER_PORT" "Kafka's controller" CROSSWALK_KAFKA_PORT "the controller is 1 above it"
  require_port "$KAFKA_PROXIED_LISTENER_PORT" "Kafka's second listener" CROSSWALK_KAFKA_PORT "that listener is 3 above it"
}

write_kafka_properties() {
  cat "$ROOT/localstack/kafka/server.properties"
  cat <<TEXT

listeners=PLAINTEXT://127.0.0.1:$CROSSWALK_KAFKA_PORT,PROXIED://127.0.0.1:$KAFKA_PROXIED_LISTENER_PORT,CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT
advertised.listeners=PLAINTEXT://127.0.0.1:$CROSSWALK_KAFKA_PORT,PROXIED://127.0.0.1:$KAFKA_PROXY_PORT
controller.quorum.voters=1@127.0.0.1:$KAFKA_CONTROLLER_PORT
log.dirs=$DATA/kafka
TEXT
}

# An open port is no proof: the broker serves only once the controller has let it in. So this asks for the cluster's
# metadata, as a client would, and wants a broker in the answer. The request, by the Kafka protocol guide: its length (19),
# key 3 (Metadata) in version 1, correlation id 1, client id "local", and no topics. The answer begins with its length, the
# correlation id, and the number of brokers.
kafka_answers() {
  local answer
  answer=$(
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$CROSSWALK_KAFKA_PORT" || exit
    printf '\0\0\0\x13\0\3\0\1\0\0\0\1\0\5local\0\0\0\0' >&3
    timeout 3 head -c 12 <&3 | od -An -tx1 | tr -d ' \n'
  ) || return 1
  [[ ${answer:8:8} == 00000001 && ${answer:16:8} == 00000001 ]]
}
