// SPDX-License-Identifier: Apache-2.0
// The parts of ./dev bench release. Each starts a world of its own, prints its lines, and ends the bench when a launch fails.
#pragma once

namespace ct::bench {

struct Size {
    int launches = 200;  // of each warm series; others take a share of it
    int sessions = 10'000;
    int releases = 1'000;  // after which memory is looked at
    int storm = 200;       // services that start at once
};

void measure_launches(const Size& size);  // cold, attesting, warm, on this machine
void measure_link(const Size& size);      // warm and attesting, 20 ms away from gate and OpenBao
void measure_sessions(const Size& size);  // a release beside 1, 100 and 10,000 live sessions; memory of the daemons
void measure_storm(const Size& size);     // all services of a machine at once

}  // namespace ct::bench
