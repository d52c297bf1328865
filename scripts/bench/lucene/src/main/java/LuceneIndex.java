import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Version;

/**
 * index FILE_LIST INDEX_DIR THREADS commit|merge: indexes the files of the list, with positions.
 * stats INDEX_DIR: what the index holds, as JSON.
 */
public class LuceneIndex {
  private static final double BUFFER_MB = 256;

  public static void main(String[] args) throws Exception {
    if (args.length == 5 && args[0].equals("index")) {
      index(readList(Path.of(args[1])), Path.of(args[2]), Integer.parseInt(args[3]), args[4].equals("merge"));
    } else if (args.length == 2 && args[0].equals("stats")) {
      stats(Path.of(args[1]));
    } else {
      System.err.println("usage: index FILE_LIST INDEX_DIR THREADS commit|merge, or stats INDEX_DIR");
      System.exit(2);
    }
  }

  private static List<String> readList(Path list) throws IOException {
    return List.of(Files.readString(list).split("\0")); // a NUL behind each path
  }

  private static void index(List<String> files, Path out, int numThreads, boolean merge) throws Exception {
    IndexWriterConfig config = new IndexWriterConfig(new StandardAnalyzer());
    config.setOpenMode(IndexWriterConfig.OpenMode.CREATE);
    config.setRAMBufferSizeMB(BUFFER_MB);
    config.setUseCompoundFile(false); // which would copy every segment once more
    // What is merged into one segment in the end would gain nothing from merges before.
    if (merge) config.setMergePolicy(NoMergePolicy.INSTANCE);
    try (Directory directory = FSDirectory.open(out);
        IndexWriter writer = new IndexWriter(directory, config)) {
      AtomicInteger next = new AtomicInteger();
      ExecutorService pool = Executors.newFixedThreadPool(numThreads);
      List<Future<Void>> workers = new ArrayList<>();
      for (int i = 0; i < numThreads; ++i) workers.add(pool.submit(worker(files, next, writer)));
      for (Future<Void> worker : workers) worker.get();
      pool.shutdown();
      if (merge) {
        writer.getConfig().setMergePolicy(new TieredMergePolicy());
        writer.forceMerge(1);
      }
      writer.commit();
    }
  }

  private static Callable<Void> worker(List<String> files, AtomicInteger next, IndexWriter writer) {
    return () -> {
      StoredField path = new StoredField("path", "");
      TextField body = new TextField("body", "", Field.Store.NO);
      Document document = new Document();
      document.add(path);
      document.add(body);
      for (int i; (i = next.getAndIncrement()) < files.size(); ) {
        path.setStringValue(files.get(i));
        body.setStringValue(new String(Files.readAllBytes(Path.of(files.get(i))), StandardCharsets.UTF_8));
        writer.addDocument(document);
      }
      return null;
    };
  }

  private static void stats(Path index) throws IOException {
    try (IndexReader reader = DirectoryReader.open(FSDirectory.open(index))) {
      Terms terms = MultiTerms.getTerms(reader, "body");
      long numTerms = 0;
      for (TermsEnum each = terms.iterator(); each.next() != null; ) ++numTerms;
      System.out.printf(
          "{\"documents\": %d, \"terms\": %d, \"tokens\": %d, \"segments\": %d, \"version\": \"Lucene %s\"}%n",
          reader.numDocs(), numTerms, terms.getSumTotalTermFreq(), reader.leaves().size(), Version.LATEST);
    }
  }
}
