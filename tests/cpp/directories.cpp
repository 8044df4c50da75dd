// Directories of slivers: written, decoded from, verified, repaired.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <fstream>

namespace wal = walrus_accel;

void test_directories() {
    const auto runtime = cpu();
    const sample made(runtime);
    const scratch files;
    auto request = made.request();
    request.slivers = wal::sink::directory(files.path());
    const auto encoded = runtime.encode(request);
    const auto directory = encoded.path();
    CHECK(directory == files / made.metadata.blob_id().text() && !encoded.was_already_there());
    CHECK(runtime.encode(request).was_already_there());
    CHECK_FAILS(invalid_argument, "NUL", wal::sink::directory(std::string(1, '\0')));

    CHECK(runtime.verify_directory(directory).problems.empty());
    const wal::control control;
    const auto quick = runtime.verify_directory(directory, wal::scrutiny::quick, control);
    CHECK(quick.problems.empty() && quick.checked >= 15);

    // One file per kind of problem.
    const auto pairs = directory / "pairs";
    std::filesystem::remove(pairs / "0003.primary.bcs");
    std::ofstream(pairs / "0004.secondary.bcs") << "damage";
    std::ofstream(pairs / "stranger") << "unknown";
    CHECK_FAILS(target_exists, "", runtime.encode(request));
    const auto found = runtime.verify_directory(directory);
    for (const auto &report : {found, runtime.repair_directory(directory)}) {
        CHECK(report.problems.size() == 3);
        for (const auto &problem : report.problems) {
            const auto name = problem.path.filename();
            CHECK(!problem.reason.empty());
            CHECK(problem.kind == (name == "0003.primary.bcs"        ? wal::problem_kind::missing
                                      : name == "0004.secondary.bcs" ? wal::problem_kind::damaged
                                                                     : wal::problem_kind::foreign));
        }
    }
    const auto left = runtime.verify_directory(directory, wal::scrutiny::quick);
    CHECK(left.problems.size() == 1 && left.problems[0].kind == wal::problem_kind::foreign);

    const wal::decode_request decoding(made.metadata, wal::sliver_set::directory(directory));
    CHECK(is_same(runtime.decode(decoding).blob(), made.blob));
    const wal::rebuild_request rebuilding(
        made.metadata, wal::sliver_set::directory(directory), wal::sink::library());
    CHECK(is_same(runtime.rebuild(rebuilding).sliver(wal::axis::primary, 6),
        made.kept.sliver(wal::axis::primary, 6)));
    std::filesystem::remove(pairs / "0000.primary.bcs");
    request.slivers = wal::sink::directory(files.path(), true);
    CHECK_FAILS(target_exists, "stranger", runtime.encode(request));
    CHECK(std::filesystem::exists(pairs / "stranger"));
    std::filesystem::remove(pairs / "stranger");
    CHECK(!runtime.encode(request).was_already_there());

    CHECK_FAILS(invalid_argument, "NUL", wal::sliver_set::directory(std::string(1, '\0')));
    CHECK_FAILS(invalid_argument, "NUL", runtime.verify_directory(std::string(1, '\0')));
    CHECK_FAILS(io, "nothing", runtime.verify_directory(files / "nothing"));
    CHECK_FAILS(io, "nothing", runtime.repair_directory(files / "nothing"));
    control.cancel();
    CHECK_FAILS(cancelled, "", runtime.verify_directory(directory, wal::scrutiny::full, control));
}
