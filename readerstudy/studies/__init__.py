"""Studies, cases, arms, questions, designs and the concealed allocation."""
