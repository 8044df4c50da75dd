// Quilts: building from every source, patches, readers and their jobs.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <fstream>
#include <iterator>

namespace wal = walrus_accel;

namespace {

constexpr std::uint16_t shards = 10;

/// Quilt whose IDs are known, and its files in their order.
struct quilt {
    explicit quilt(const wal::runtime &runtime)
        : files{content(64, 5), content(1, 4), content(333, 3), content(0, 2), content(40, 1)},
          kept(runtime.encode_quilt(request())), metadata(kept.metadata()),
          patches(kept.patches()) {}

    static bytes content(std::size_t length, std::size_t seed) {
        bytes made(length);
        for (std::size_t at = 0; at < length; ++at) {
            made[at] = static_cast<std::uint8_t>(at * 31 + seed);
        }
        return made;
    }

    static std::string name(std::size_t number) {
        return std::string(1, static_cast<char>('a' + number));
    }

    wal::encode_quilt_request request() const {
        std::vector<wal::quilt_entry> entries;
        for (std::size_t number = files.size(); number-- > 0;) {
            std::vector<wal::quilt_tag> tags;
            if (number == 3) { tags.push_back({"k", "v"}); }
            entries.emplace_back(name(number), wal::source::memory(files[number]), tags);
        }
        wal::encode_quilt_request made(std::move(entries));
        made.slivers = wal::sink::library();
        made.n_shards = shards;
        return made;
    }

    /// Returns the secondary slivers of columns.
    std::vector<wal::sliver> columns(std::uint16_t first, std::uint16_t end) const {
        std::vector<wal::sliver> found;
        for (auto column = first; column < end; ++column) {
            const auto pair = wal::sliver_pair(shards, wal::axis::secondary, column);
            found.push_back({wal::axis::secondary, kept.sliver(wal::axis::secondary, pair)});
        }
        return found;
    }

    std::vector<bytes> files;
    wal::encoded kept;
    wal::metadata metadata;
    wal::quilt_patches patches;
};

bytes file(const std::filesystem::path &path) {
    std::ifstream opened(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(opened), {}};
}

void ids(const quilt &made) {
    CHECK(made.metadata.blob_id().text() == "zxoeQWEZhfTTXaS9l1XHftUWr-IDfD2VBh4mWr8KSHE");
    const std::string text = "OTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCgAUAA";
    const auto id = wal::quilt_patch_id::parse(text);
    CHECK(id.first_column == 10 && id.end_column == 20 && id.quilt.bytes[0] == 0x39);
    CHECK(id.text() == text && id == wal::quilt_patch_id::parse(text));
    CHECK(id != made.patches.at(0).id);
    CHECK_FAILS(invalid_argument, "x", wal::quilt_patch_id::parse("x"));
    CHECK_FAILS(invalid_argument, "NUL", wal::quilt_patch_id::parse(std::string(50, '\0')));
}

void building(const wal::runtime &runtime, const quilt &made) {
    CHECK(made.patches.size() == 5);
    for (std::size_t number = 0; number < 5; ++number) {
        const auto patch = made.patches.at(number);
        CHECK(patch.identifier == quilt::name(number));
        CHECK(patch.id.quilt == made.metadata.blob_id());
        CHECK(patch.tags.size() == (number == 3 ? 1u : 0u));
    }
    CHECK((made.patches.at(3).tags[0] == wal::quilt_tag{"k", "v"}));
    CHECK(made.patches.at(2).id.first_column == 3 && made.patches.at(2).id.end_column == 5);
    CHECK_FAILS(not_found, "5", made.patches.at(5));

    auto request = made.request();
    request.slivers = wal::sink::none();
    const auto results = runtime.encode_quilt_batch(
        std::vector<wal::encode_quilt_request>{request, wal::encode_quilt_request({})});
    CHECK(results.size() == 2 && results[1].has_value());
    CHECK(results[0]->metadata().blob_id() == made.metadata.blob_id());
    auto job = runtime.submit_encode_quilt(request);
    const auto submitted = job.get();
    CHECK(submitted.patches().at(4).id == made.patches.at(4).id);

    request.entries.emplace_back("a", wal::source::memory(made.files[0]));
    CHECK_FAILS(invalid_argument, "a", runtime.encode_quilt(request));
    CHECK(runtime.try_encode_quilt(request).failure().status == wal::status::invalid_argument);
    request.entries.pop_back();
    request.entries.emplace_back(
        "f", wal::source::reader(10, [](std::uint64_t, wal::span<std::uint8_t>) { throw 30; }));
    CHECK_THROWS(30, runtime.encode_quilt(request));
    CHECK_FAILS(invalid_argument, "NUL",
        wal::quilt_entry(std::string(1, '\0'), wal::source::memory(made.files[0])));
    const sample plain(runtime);
    CHECK_FAILS(not_found, "encode_quilt", plain.kept.patches());
}

/// Checks that a reader finds and reads all patches.
void check_reader(const wal::quilt_reader &reader, const quilt &made) {
    const auto all = reader.patches();
    CHECK(all.size() == 5);
    for (std::size_t number = 0; number < 5; ++number) {
        const auto patch = made.patches.at(number);
        CHECK(all.at(number).id == patch.id);
        CHECK(reader.patch(patch.identifier).at(0).id == patch.id);
        const auto found = reader.patch(patch.id);
        CHECK(found.size() == 1 && found.at(0).identifier == patch.identifier);
        CHECK(found.at(0).tags == patch.tags);
        const auto content = reader.read(found);
        CHECK(content.length() == made.files[number].size());
        CHECK(is_same(content.bytes(), made.files[number]));
    }
    CHECK(reader.patches_with_tag({"k", "v"}).at(0).identifier == "d");
    CHECK(reader.patches_with_tag({"k", ""}).size() == 0);
    reader.check();
}

void reading(const wal::runtime &runtime, const quilt &made) {
    const auto reader = runtime.quilt_reader(made.metadata, made.columns(0, 7));
    check_reader(reader, made);
    CHECK_FAILS(not_found, "x", reader.patch("x"));
    CHECK_FAILS(invalid_argument, "NUL", reader.patch(std::string(1, '\0')));
    CHECK_FAILS(not_found, "AAAA", reader.patch(wal::quilt_patch_id()));
    CHECK(reader.try_read(made.patches, 5).failure().status == wal::status::not_found);

    const auto few = runtime.quilt_reader(made.metadata, made.columns(3, 5));
    CHECK(is_same(few.read(made.patches, 2).bytes(), made.files[2]));
    CHECK_FAILS(not_enough_slivers, "7", few.patches());
    CHECK_FAILS(not_enough_slivers, "", few.check());

    bytes buffer(500);
    const auto content = reader.read(made.patches, 2, wal::output::memory(buffer));
    CHECK(content.length() == 333 &&
          std::equal(made.files[2].begin(), made.files[2].end(), buffer.begin()));
    CHECK_FAILS(not_found, "elsewhere", content.bytes());

    const wal::control control;
    control.cancel();
    CHECK_FAILS(cancelled, "", reader.patches(control));
    CHECK_FAILS(cancelled, "", reader.read(made.patches, 0, wal::output::library(), control));

    const scratch files;
    reader.extract(made.patches, files.path());
    CHECK(file(files / "c") == made.files[2]);
    CHECK_FAILS(target_exists, "", reader.extract(made.patches, files.path()));
    reader.extract(made.patches, files.path(), true);
    auto request = made.request();
    request.slivers = wal::sink::directory(files.path());
    const auto written = runtime.encode_quilt(request);
    check_reader(
        runtime.quilt_reader(made.metadata, wal::sliver_set::directory(written.path())), made);
    CHECK_FAILS(
        io, "", runtime.quilt_reader(made.metadata, wal::sliver_set::directory(files / "nowhere")));
}

void blobs(const wal::runtime &runtime, const quilt &made) {
    const wal::decode_request request(made.metadata, made.columns(0, 7));
    const auto decoded = runtime.decode(request);
    const auto blob = decoded.blob();
    check_reader(runtime.quilt_reader(made.metadata, wal::source::memory(blob)), made);
    CHECK_FAILS(invalid_argument, "bytes",
        runtime.quilt_reader(made.metadata, wal::source::memory(blob.subspan(0, 9))));
    auto is_failing = std::make_shared<bool>(false);
    const auto read = [blob, is_failing](std::uint64_t offset, wal::span<std::uint8_t> out) {
        if (*is_failing) { throw 31; }
        std::copy_n(blob.begin() + offset, out.size(), out.begin());
    };
    const auto source = wal::source::reader(blob.size(), read);
    check_reader(runtime.quilt_reader(made.metadata, source), made);
    *is_failing = true;
    const auto reader = runtime.quilt_reader(made.metadata, source);
    CHECK_THROWS(31, reader.patches());
    CHECK_THROWS(31, reader.read(made.patches));
    CHECK_THROWS(31, reader.check());
    auto job = reader.submit_read(made.patches);
    CHECK_THROWS(31, job.get());
}

void jobs(const wal::runtime &runtime, const quilt &made) {
    const scratch files;
    std::atomic<int> ends{0};
    const auto ended = [&ends] { ++ends; };
    auto reader = std::make_unique<wal::quilt_reader>(
        runtime.quilt_reader(made.metadata, made.columns(0, 7)));
    std::vector<wal::job<wal::quilt_content>> reads;
    for (std::size_t number = 0; number < 5; ++number) {
        reads.push_back(reader->submit_read(made.patches, number, wal::output::library(), ended));
    }
    auto check = reader->submit_check(ended);
    auto extract = reader->submit_extract(made.patches, files.path(), false, ended);
    CHECK_FAILS(not_found, "9", reader->submit_read(made.patches, 9));
    reader.reset();
    for (std::size_t number = 0; number < 5; ++number) {
        CHECK(is_same(reads[number].get().bytes(), made.files[number]));
        CHECK_FAILS(not_found, "taken", reads[number].get());
    }
    (void)check.get();
    (void)extract.get();
    CHECK(ends == 7);
    CHECK(file(files / "e") == made.files[4]);
}

} // namespace

void test_quilts() {
    const auto runtime = cpu();
    const quilt made(runtime);
    ids(made);
    building(runtime, made);
    reading(runtime, made);
    blobs(runtime, made);
    jobs(runtime, made);
}
