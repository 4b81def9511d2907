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
#include <cstdlib>
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

// Of sorted values.
double at_share(const std::vector<double>& values, double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
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
    if (values.empty()) return {};
    std::ranges::sort(values);
    return {at_share(values, 0.5), at_share(values, 0.99), values.front(), values.back(), values.size()};
}

std::string show(const Spread& s, const char* unit) {
    char text[160];
    std::snprintf(text, sizeof text, "p50 %.2f %s, p99 %.2f %s (%.2f to %.2f)", s.p50, unit, s.p99, unit, s.least,
                  s.most);
    return text;
}

void print(const Line& line) {
    const auto ratio = [&](double to) { return number_or_null(to > 0 ? line.ours / to : -1); };
    const std::string peer = line.peer.empty() ? "null" : "\"" + line.peer + "\"";
    const char* met = line.goal < 0 ? "null" : line.ours <= line.goal ? "true" : "false";
    std::string beside;
    for (const auto& [name, value] : line.beside)
        beside += ",\"" + name + "\":" + number_or_null(value);
    std::printf(
        "{\"bench\":\"%s\",\"unit\":\"%s\",\"ours\":%s,\"peer\":%s,\"theirs\":%s,\"limit\":%s,\"ratio_peer\":%s,"
        "\"ratio_limit\":%s,\"goal\":%s,\"met\":%s,\"runs\":%zu%s}\n",
        line.bench.c_str(), line.unit.c_str(), number_or_null(line.ours).c_str(), peer.c_str(),
        number_or_null(line.theirs).c_str(), number_or_null(line.limit).c_str(), ratio(line.theirs).c_str(),
        ratio(line.limit).c_str(), number_or_null(line.goal).c_str(), met, line.runs, beside.c_str());
    std::fflush(stdout);
}

void print_distribution(const std::string& bench, const std::string& of, std::vector<double> values) {
    require(!values.empty(), bench);
    std::ranges::sort(values);
    std::string list;
    for (int percent = 0; percent <= 100; ++percent)
        list += (percent == 0 ? "" : ",") + number_or_null(at_share(values, percent / 100.0));
    std::printf("{\"distribution\":\"%s\",\"of\":\"%s\",\"unit\":\"ms\",\"percentiles\":[%s],\"runs\":%zu}\n",
                bench.c_str(), of.c_str(), list.c_str(), values.size());
    std::fflush(stdout);
}

void require(bool ok, const std::string& what) {
    if (ok) return;
    note("failed: " + what);
    std::exit(1);
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
