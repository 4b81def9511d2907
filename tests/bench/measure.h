// SPDX-License-Identifier: Apache-2.0
// What benches share: launches with a report from the program's first instruction, percentiles, and the line they print.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/process.h"

namespace ct::bench {

std::int64_t now_ns();  // CLOCK_MONOTONIC, as clock_main.c reads it

// Starts it with a pipe as descriptor kReportFd and gives the nanoseconds from before the start to main(). -1 if the
// program did not report, or saw its variable with another length than `length`.
inline constexpr int kReportFd = 9;
std::int64_t launch_to_main(test::Launch launch, std::size_t length);

struct Spread {
    double p50 = 0, p99 = 0, least = 0, most = 0;
    std::size_t runs = 0;
};
Spread spread_of(std::vector<double> values);
std::string show(const Spread& spread, const char* unit = "ms");

// One JSON object a line: {"bench","unit","ours","peer","theirs","limit","ratio_peer","ratio_limit","goal","met","runs"},
// then what a bench has beside it. What was not measured, and the goal where there is none, is null.
struct Line {
    std::string bench, unit;
    double ours = 0;
    std::string peer;
    double theirs = -1, limit = -1;
    std::size_t runs = 0;
    double goal = -1;  // at most
    std::vector<std::pair<std::string, double>> beside = {};
};
void print(const Line& line);
// {"distribution","of","unit","percentiles","runs"}: the least value, the 1st to the 99th percentile, the largest value.
void print_distribution(const std::string& bench, const std::string& of, std::vector<double> values);
void note(const std::string& text);              // to stderr: progress and what a person should know
void require(bool ok, const std::string& what);  // or ends the bench

// CPU time (user and system) of a command and of all that it leaves behind, in seconds: orphans come to us and are waited
// for. -1 when it failed.
double cpu_seconds(const test::Launch& launch);

}  // namespace ct::bench
