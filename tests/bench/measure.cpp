// SPDX-License-Identifier: Apache-2.0
#include "bench/measure.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace ct::bench {
namespace {

double own_children_cpu() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string number_or_null(double value) {
    if (value < 0) return "null";
    char text[64];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

}  // namespace

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::int64_t launch_to_main(test::Launch launch, std::size_t length) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return -1;
    const Fd from(ends[0]);
    Fd to(ends[1]);
    launch.fds.emplace_back(to.get(), kReportFd);
    const std::int64_t start = now_ns();
    auto child = test::Child::start(launch);
    if (!child) return -1;
    to.reset();
    std::int64_t report[2] = {0, -1};
    pollfd ready{from.get(), POLLIN, 0};
    if (::poll(&ready, 1, 60'000) != 1 || ::read(from.get(), report, sizeof report) != sizeof report) {
        note("no report: " + child->output(std::chrono::seconds(5)));
        return -1;
    }
    static_cast<void>(child->wait(std::chrono::seconds(10)));
    return report[1] == static_cast<std::int64_t>(length) ? report[0] - start : -1;
}

Spread spread_of(std::vector<double> values) {
    Spread spread;
    if (values.empty()) return spread;
    std::ranges::sort(values);
    const auto at = [&](double share) {
        return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
    };
    return {at(0.5), at(0.99), values.front(), values.back(), values.size()};
}

void print(const Line& line) {
    const double to_peer = line.theirs > 0 ? line.ours / line.theirs : -1;
    const double to_limit = line.limit > 0 ? line.ours / line.limit : -1;
    std::printf(
        "{\"bench\":\"%s\",\"unit\":\"%s\",\"ours\":%s,\"peer\":%s,\"theirs\":%s,\"limit\":%s,\"ratio_peer\":%s,"
        "\"ratio_limit\":%s,\"runs\":%zu}\n",
        line.bench.c_str(), line.unit.c_str(), number_or_null(line.ours).c_str(),
        line.peer.empty() ? "null" : ("\"" + line.peer + "\"").c_str(), number_or_null(line.theirs).c_str(),
        number_or_null(line.limit).c_str(), number_or_null(to_peer).c_str(), number_or_null(to_limit).c_str(),
        line.runs);
    std::fflush(stdout);
}

void note(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

double cpu_seconds(const test::Launch& launch) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return -1;
    const Fd from(ends[0]), to(ends[1]);
    const pid_t keeper = ::fork();
    if (keeper == 0) {
        // A process of its own: the orphans of the command come to it, and no other child is counted.
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        auto child = test::Child::start(launch);
        const bool good = child && child->wait(std::chrono::seconds(60)).value_or(-1) == 0;
        if (!good) note("failed: " + (child ? child->output(std::chrono::seconds(5)) : child.error().to_string()));
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
        const double used = good ? own_children_cpu() : -1;
        ::_exit(::write(to.get(), &used, sizeof used) == sizeof used ? 0 : 1);
    }
    double used = -1;
    int status = 0;
    if (keeper < 0 || ::waitpid(keeper, &status, 0) != keeper || status != 0) return -1;
    return ::read(from.get(), &used, sizeof used) == sizeof used ? used : -1;
}

}  // namespace ct::bench
