// SPDX-License-Identifier: Apache-2.0
#include "clients/run/patience.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <thread>

namespace ct::run {
namespace {

constexpr Millis kFirst{250}, kLongest{5000};

BootTime boot_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return BootTime(std::chrono::microseconds(now.tv_sec * 1'000'000 + now.tv_nsec / 1000));
}

}  // namespace

std::optional<Millis> pause_before_next(Reason reason, unsigned attempt, Millis since_start, Seconds wait) {
    if (!is_outage(reason) || since_start >= wait) return std::nullopt;
    const Millis doubled = kFirst * (1U << std::min(attempt, 8U));
    return std::min({doubled, kLongest, Millis(wait) - since_start});
}

Result<Fd> with_patience(Seconds wait, const std::function<Result<Fd>()>& attempt, const Waiting& waiting) {
    const BootTime start = waiting.now();
    for (unsigned failed = 0;; ++failed) {
        auto got = attempt();
        if (got) {
            if (failed > 0) waiting.over();
            return got;
        }
        const auto since = std::chrono::duration_cast<Millis>(waiting.now() - start);
        const auto pause = pause_before_next(got.error().reason, failed, since, wait);
        if (!pause) return got;
        waiting.tell(got.error(), *pause);
        waiting.pause(*pause);
    }
}

Waiting waiting_for_real(Seconds attempt_time) {
    const auto tell = [attempt_time, told = std::optional<Reason>()](const Error& why, Millis pause) mutable {
        const auto more = std::chrono::duration_cast<std::chrono::microseconds>(pause + attempt_time + Seconds(1));
        // The word and no more: the rest of the error may come from far away, and a line break in it would speak to systemd.
        sd_notifyf(0, "STATUS=Waiting for its secrets: %s\nEXTEND_TIMEOUT_USEC=%lld",
                   std::string(to_string(why.reason)).c_str(), static_cast<long long>(more.count()));
        if (std::exchange(told, why.reason) == why.reason) return;
        const std::string line = "cloudtaser-run: waiting: " + why.to_string() + "\n";
        static_cast<void>(write_all(STDERR_FILENO, line.data(), line.size()));
    };
    return {boot_now, [](Millis pause) { std::this_thread::sleep_for(pause); }, tell, [] { sd_notify(0, "STATUS="); }};
}

}  // namespace ct::run
