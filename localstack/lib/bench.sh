# shellcheck shell=bash
# The benchmark: the functions as they are deployed but for the processor, over the services of this machine.

# stage_bench [ARGUMENTS...]: they go to the benchmark, whose --help explains them.
stage_bench() {
  local name packages=()
  stop_started_at_exit
  exclusively services_for_bench
  for name in $(function_names); do packages+=(--package "$name"); done
  title "Building as for a deployment; the first time takes a quarter of an hour"
  attended cargo build --locked --release --bins --examples --bench crosswalk "${packages[@]}" --package crosswalk-bench
  title "Measuring"
  read_service_variables
  attended env "${SERVICE_VARIABLES[@]}" cargo bench --locked --package crosswalk-bench --bench crosswalk -- "$@"
}

services_for_bench() {
  install_chosen services build
  services_up
}
