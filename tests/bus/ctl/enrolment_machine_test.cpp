// SPDX-License-Identifier: Apache-2.0
// A program of its own: the child that stands in for a processor must be made before this process has secret memory, whose pages
// the two would share.
#include "enrolment_rig.h"
#include "support/mounted_reports.h"
#include "support/simulated_machine.h"

namespace ct::ctl {
namespace {

class MachineEnrolment : public Enrolment {
protected:
    void SetUp() override {
        CT_NEEDS_WORLD();
        CT_NEEDS_MOUNTED_REPORTS();
        auto machine = ct::test::simulated_snp_machine();  // its measurements are no keys
        ASSERT_TRUE(machine) << machine.error().to_string();
        World::Options options;
        options.tpm = false;
        options.machines = {*machine};
        device_ = machine->device;
        begin(options);
    }
    std::shared_ptr<void> device_;  // until the end
};

TEST_F(MachineEnrolment, OfAProcessorThatSignsForItsMachineNamesNoKey) {
    const std::string file = enrolment_file();
    EXPECT_EQ(read_file(file, 1 << 16)->find("keys"), std::string::npos);
    const auto added = gate_node({"add", file, "--fingerprint", fingerprint_in(file)});
    ASSERT_EQ(added.code, 0) << added.output;
    EXPECT_EQ(refusal(), "none");
}

}  // namespace
}  // namespace ct::ctl
