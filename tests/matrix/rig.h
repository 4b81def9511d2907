// SPDX-License-Identifier: Apache-2.0
// The delivery matrix: a program that knows nothing of CloudTaser, run plainly and under cloudtaser-run, side by side.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/scan.h"
#include "support/standin_secretd.h"
#include "support/talking_child.h"
#include "support/world.h"

namespace ct::test::matrix {

inline constexpr const char* kName = "DB_PASSWORD";

// The place of a program's sources, and of what is built from them.
std::string source(const std::string& file);
std::string built_program(const std::string& file);
// Found in PATH and where languages install themselves; empty when absent.
std::string find_program(const std::string& name);

// Where the secret comes from: the whole product with a real OpenBao, or a stand-in for secretd where this machine lacks what
// that needs (or CT_MATRIX_SOURCE=stand-in says so).
class Supply {
public:
    static Result<std::unique_ptr<Supply>> start(const std::string& value);
    // cloudtaser-run and its options, "--" included.
    [[nodiscard]] std::vector<std::string> launcher() const;
    [[nodiscard]] std::map<std::string, std::string> environment() const;
    [[nodiscard]] const char* name() const { return world_ ? "the whole product" : "a stand-in for secretd"; }

private:
    std::unique_ptr<World> world_;
    std::unique_ptr<StandInSecretd> stand_in_;
};

struct Row {
    std::string name;
    std::vector<std::string> needs = {};  // programs that must be there; the row is skipped without
    std::string build = {};  // a shell line, run once in the folder of built programs; $S is that of the sources
    std::vector<std::string> command = {};  // words with $S and $B for the two folders
    std::string input = "\n";               // what it waits for after "ready"
    bool says_ready = true;                 // false: it is ready when it waits for its input
};

void PrintTo(const Row& row, std::ostream* out);

// What was seen of a running tree.
struct View {
    std::string shown;         // empty: every environ shows nothing but NULs for every name; else what
    std::vector<Copy> copies;  // outside secret memory, of all processes
    int secret_mappings = 0;
    [[nodiscard]] std::string tier() const;
};
View look_at(int pid, std::string_view value);

class Matrix : public testing::Test {
protected:
    void SetUp() override { ASSERT_NE(supply, nullptr) << "the rig did not start"; }

    // Runs the row in all its ways, and notes the line for the table.
    static void check(const Row& row);
    static Result<TalkingChild> start(const std::vector<std::string>& command, bool guarded,
                                      std::map<std::string, std::string> environment = {});
    static void note(const std::string& name, const View& view, const std::string& end);

    // One for all rows: a launch under a live grant takes milliseconds.
    class Rig;
    inline static std::unique_ptr<Supply> supply;
    inline static std::string value;
    inline static std::vector<std::string> table;
    inline static std::map<std::string, int> tiers;
};

}  // namespace ct::test::matrix
