"""Training and truncation, on Lightning Fabric; a killed training resumes bit by bit."""
