// SPDX-License-Identifier: Apache-2.0
// The network, gone: from now on this process and all that it starts are in a network namespace of their own in which nothing is
// up, and whoever opens a socket that could lead out of the machine gets a signal instead.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ct::test {

// For good. While there is one thread only. io_failed.
Status lose_network();

// Sockets that this process and its forks wanted since. A program that was started anew has no handler for the signal: it dies of it.
std::uint64_t sockets_refused();

// The interfaces of the namespace with what went over them: "lo: 0 bytes", nothing else, where the network is gone.
std::string traffic();

}  // namespace ct::test
