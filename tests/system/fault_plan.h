// SPDX-License-Identifier: Apache-2.0
// What goes wrong in each round of tests/system/faults_test.cpp, and what the services do meanwhile: decided by a seed, and
// by nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ct::test {

enum class Fault {
    kill,             // SIGKILL of a daemon, `amount` times, each time the new one
    freeze,           // SIGSTOP of a daemon
    few_descriptors,  // a daemon may open `amount` more
    little_memory,    // a daemon's address space may grow by `amount` pages
    stop_gate,        // as an administrator would
    kill_vault,       // SIGKILL of OpenBao; it comes back sealed
    seal_vault,
    freeze_vault,  // SIGSTOP of OpenBao: it takes connections and says nothing
    slow_cable,    // `amount` kbit/s
    cut_cable,     // what is sent is lost
    jump_clock,    // the wall clock of the node's daemons, by `amount` seconds
    fill_records,  // the gate's disk has no byte left
    fill_journal,  // the node's journal has none
    restart_bus,
};

struct Round {
    Fault fault{};
    std::string_view daemon = {};  // whose fault it is, for the first four
    int amount = 0;
    bool cold = false;           // the grants of what is started are revoked before: each start attests
    bool strikes_first = false;  // before anything is started; else meanwhile
    bool heals_early = false;    // while the starts are under way; else when all have ended
    std::vector<int> start = {}, stop = {},
                     ask = {};  // services: started (anew); stopped; told to start a child that needs the secret
    int probe = 0;              // the one whose start must succeed when all is healed
};

// Every fault comes up once before any comes up again.
inline constexpr int kFaultsInADeal = 18;
std::vector<Round> plan_rounds(std::uint64_t seed, int rounds, int services);
std::string to_string(const Round& round);

}  // namespace ct::test
