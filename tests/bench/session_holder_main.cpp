// SPDX-License-Identifier: Apache-2.0
// Thousands of live sessions without thousands of processes: opens COUNT sessions for itself as user UID at each byte from
// stdin, arms each once as a launcher does, and keeps the lines until stdin ends.
//
//   session_holder UID WORKLOAD COUNT...      says "." when it is ready for the next byte
#include <grp.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "support/session_client.h"

namespace {

ct::Result<ct::Fd> hold(ct::bus::Connection& bus, const std::string& workload) {
    CT_TRY(auto opened, ct::test::SessionClient::open_unspoken(bus, workload));
    // What holds a session is the descriptor; a client for each would be this program's memory, not secretd's.
    CT_TRY(auto line, opened.line.duplicate());
    CT_TRY(auto client, ct::test::SessionClient::speak(std::move(opened)));
    CT_TRY(const auto values, client.arm());
    if (values.empty()) return ct::fail(ct::Reason::malformed, "a session without a secret");
    return line;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const auto uid = static_cast<unsigned>(std::atoi(argv[1]));
    if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 || ::setresuid(uid, uid, uid) != 0) return 1;
    auto bus = ct::bus::Connection::open_system("session holder");
    if (!bus) {
        std::fprintf(stderr, "%s\n", bus.error().to_string().c_str());
        return 1;
    }
    std::vector<ct::Fd> lines;
    char go;
    for (int i = 3; ::write(STDOUT_FILENO, ".", 1) == 1 && ::read(STDIN_FILENO, &go, 1) == 1; ++i)
        for (int left = i < argc ? std::atoi(argv[i]) : 0; left > 0; --left) {
            auto line = hold(*bus, argv[2]);
            if (!line) {
                std::fprintf(stderr, "session %zu: %s\n", lines.size() + 1, line.error().to_string().c_str());
                return 1;
            }
            lines.push_back(std::move(*line));
        }
    return 0;
}
