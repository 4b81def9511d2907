// SPDX-License-Identifier: Apache-2.0
// A simulated NSM at a socket, for whoever opens it by its path: a daemon.
#pragma once

#include "support/local_server.h"
#include "support/simulated_nsm.h"

namespace ct::test {

Result<std::unique_ptr<LocalServer>> open_nsm_socket(SimulatedNsm nsm);

}  // namespace ct::test
